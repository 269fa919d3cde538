namespace K1s0.EventStore;

/// <summary>One run of a subscription, from its claim until it ends or dies.</summary>
internal interface ISubscriptionRun
{
    /// <summary>Runs to the end; the last checkpoint is stored whatever the run ends with.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Whether an event that was parked may be replayed yet.</summary>
    bool MayReplay(Position position);

    /// <summary>Handles an event that was parked and takes it out, in its turn among the others.</summary>
    /// <returns>Null when the event is handled; otherwise it is still parked.</returns>
    Task<HandlingFailure?> ReplayAsync(EventEnvelope envelope, CancellationToken cancellationToken);

    /// <summary>Does something while no event of a stream is handled.</summary>
    Task InTurnAsync(StreamId streamId, Action act, CancellationToken cancellationToken);
}
