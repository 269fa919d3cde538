namespace K1s0.EventStore;

/// <summary>
/// What the effects of a replay are kept in as a whole: the handlers write into it, and in the end all of it stays or
/// nothing. A replay with a target has one lane and calls one method after the other.
/// </summary>
public interface IReplayTarget
{
    /// <summary>Before the first event: from here on everything can be undone.</summary>
    /// <param name="cancellationToken">Gives up; nothing has begun.</param>
    Task BeginAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Before the first attempt of each handler of an event: what <see cref="UndoStepAsync"/> undoes begins here.
    /// </summary>
    Task BeginStepAsync();

    /// <summary>
    /// Undoes what the last attempt of a handler has written, before the next one. What the event's handlers before it
    /// have written stays. When this or <see cref="UndoAsync"/> fails, the replay ends, and the target is rolled back.
    /// </summary>
    Task UndoStepAsync();

    /// <summary>
    /// The effects of an event are complete: what <see cref="UndoAsync"/> undoes begins here. An exception is a failure
    /// of that event.
    /// </summary>
    Task MarkAsync();

    /// <summary>
    /// Undoes the effects of an event that failed: what was written since the last mark, or since the beginning.
    /// </summary>
    Task UndoAsync();

    /// <summary>Keeps the effects for good. Not given up half-way: nobody would know what is kept.</summary>
    /// <param name="reached">
    /// The place of the last event that is finished; null when there was none. Keep it with the effects, and a replay
    /// that was stopped can go on behind it after a crash too.
    /// </param>
    /// <exception cref="WriteOutcomeUnknownException">
    /// Nobody knows whether the effects are kept. Any other exception says that none are.
    /// </exception>
    Task CommitAsync(ReplayPlace? reached);

    /// <summary>Undoes everything since <see cref="BeginAsync"/>.</summary>
    Task RollbackAsync();
}
