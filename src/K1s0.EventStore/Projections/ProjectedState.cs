namespace K1s0.EventStore;

/// <summary>What a <see cref="LiveProjection{TState}"/> made of events.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="State">The state.</param>
/// <param name="Position">
/// Of a stream: the position of the last event. Of the feed: how far it was looked through, where the next call goes
/// on.
/// </param>
/// <param name="Events">How many events it is made of.</param>
public sealed record ProjectedState<TState>(TState State, Position Position, long Events);
