namespace K1s0.EventStore;

/// <summary>
/// A state that is folded from events whenever it is read, and kept nowhere: always as new as the store, at the price
/// of reading the events. Works on every store, so it can be tested on the one in memory. Immutable; thread-safe when
/// the function is pure.
/// </summary>
/// <typeparam name="TState">The state; better immutable.</typeparam>
public sealed class LiveProjection<TState>
{
    private readonly TState _seed;
    private readonly Func<TState, EventEnvelope, TState> _apply;

    /// <summary>A projection.</summary>
    /// <param name="seed">The state before the first event.</param>
    /// <param name="apply">The state after an event; what it throws ends the reading.</param>
    public LiveProjection(TState seed, Func<TState, EventEnvelope, TState> apply)
    {
        ArgumentNullException.ThrowIfNull(apply);
        (_seed, _apply) = (seed, apply);
    }

    /// <summary>Folds one stream.</summary>
    /// <param name="reader">The store.</param>
    /// <param name="streamId">The stream; the seed when it does not exist.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    public Task<ProjectedState<TState>> ReadAsync(
        IStreamReader reader, StreamId streamId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(streamId);
        return FoldAsync();

        async Task<ProjectedState<TState>> FoldAsync()
        {
            var folded = new ProjectedState<TState>(_seed, Position.Start, Events: 0);
            await foreach (var envelope in reader.ReadStreamAsync(streamId, cancellationToken: cancellationToken)
                .ConfigureAwait(false))
            {
                folded = Next(folded, envelope);
            }

            return folded;
        }
    }

    /// <summary>
    /// Folds a part of the feed, up to the settled bound of the moment when reading starts, or goes on from a state
    /// that
    /// was read before.
    /// </summary>
    /// <param name="feed">The store.</param>
    /// <param name="filter">Which events; null for all.</param>
    /// <param name="from">What an earlier call with the same filter returned; null for the beginning.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    public Task<ProjectedState<TState>> ReadAsync(
        IFeedReader feed,
        FeedFilter? filter = null,
        ProjectedState<TState>? from = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(feed);
        return FoldAsync();

        async Task<ProjectedState<TState>> FoldAsync()
        {
            var folded = from ?? new ProjectedState<TState>(_seed, Position.Start, Events: 0);
            var end = await feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
            while (folded.Position < end)
            {
                var page = await feed.ReadFeedPageAsync(
                    folded.Position, filter, cancellationToken: cancellationToken).ConfigureAwait(false);
                folded = page.Events.TakeWhile(envelope => envelope.Position <= end).Aggregate(folded, Next);
                folded = folded with { Position = page.ReadTo < end ? page.ReadTo : end };
            }

            return folded;
        }
    }

    private ProjectedState<TState> Next(ProjectedState<TState> folded, EventEnvelope envelope) =>
        new(_apply(folded.State, envelope), envelope.Position, folded.Events + 1);
}
