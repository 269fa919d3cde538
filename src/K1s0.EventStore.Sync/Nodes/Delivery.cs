namespace K1s0.EventStore.Sync;

/// <summary>
/// Tells the application of events, until it throws or what it was told is not the history any more; then of nothing
/// until it reads the history again.
/// </summary>
/// <remarks>Changed inside of the replica's gate; <see cref="Stopped"/> may be read by anybody.</remarks>
internal sealed class Delivery(Action<DeliveredEvent>? deliver, Action<SyncEvent>? tellAhead)
{
    private readonly DeliveryStops _stops = new();

    /// <summary>
    /// Why the application is told of no event any more, or has not read again what it was not told; null otherwise.
    /// </summary>
    public DeliveryStoppedException? Stopped => _stops.Last;

    /// <summary>What comes behind the reading that begins is told again.</summary>
    public int BeginReading() => _stops.BeginReading();

    /// <summary>The reading is over: to its end, or else the telling stops again.</summary>
    public void EndReading(int reading, bool isWhole) => _stops.EndReading(reading, isWhole);

    public void Tell(DeliveredEvent delivered)
    {
        if (deliver is null || _stops.IsSilent)
        {
            return;
        }

        try
        {
            deliver(delivered);
        }
        catch (Exception e)
        {
            // The event is durable and goes on its way: who writes next is told, and who asks for the node's health.
            _stops.Add(new DeliveryStoppedException(delivered.Event.ToString(), e));
        }
    }

    public void TellAhead(IReadOnlyList<SyncEvent> events)
    {
        foreach (var ahead in events)
        {
            tellAhead?.Invoke(ahead);
        }
    }

    /// <summary>A log has events behind which others were told already, without any reading of the store.</summary>
    public void StopForWhatCameBack() =>
        Stop("what came back in a log", new InvalidFormatException("log of a replica", "it was damaged before."));

    /// <summary>Events that were told are no part of the history any more.</summary>
    public void StopForBranch() => Stop(
        "another branch of a log",
        new InvalidOperationException("what was told of the branch that was given up is no part of the history."));

    /// <summary>Logs begin behind the ends that a snapshot named: what they have up to there was not told.</summary>
    public void StopForSnapshot() => Stop(
        "what a snapshot stands for",
        new InvalidOperationException("logs were begun from a snapshot: build the views from it."));

    private void Stop(string undelivered, Exception why)
    {
        if (deliver is not null)
        {
            _stops.Add(new DeliveryStoppedException(undelivered, why));
        }
    }
}
