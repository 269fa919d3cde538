namespace K1s0.EventStore.Sync;

/// <summary>
/// Has a store say whether it takes the events of a replica: it is asked to append the largest at a version that cannot
/// be. It looks at the event first, with its own limits, and writes nothing.
/// </summary>
internal static class StoreTrial
{
    private static readonly StreamId Trial = new("k1s0-sync", "trial");

    /// <exception cref="ArgumentException">It does not take an event that names so many origins.</exception>
    public static async Task CheckAsync(IEventAppender appender, int origins, CancellationToken cancellationToken)
    {
        var impossible = ExpectedVersion.Exactly(new StreamVersion(long.MaxValue - 1));
        try
        {
            await appender.AppendAsync([new StreamAppend(Trial, [Largest(origins)], impossible)], cancellationToken)
                .ConfigureAwait(false);
            throw new InvalidOperationException("The store took an append at a version that no stream has.");
        }
        catch (ConcurrencyException)
        {
            // As it must.
        }
        catch (InvalidEventException e)
        {
            throw new ArgumentException(
                $"The store refuses an event that names {origins} origins ({nameof(ReplicaOptions.MaxOrigins)}): let "
                    + $"it take larger payloads, or allow fewer origins. {e.Message}",
                nameof(origins),
                e);
        }
    }

    private static EventEnvelope Largest(int origins)
    {
        var dots = new Dot[origins];
        for (var i = 0; i < origins; i++)
        {
            dots[i] = new Dot(new Origin(new ReplicaId((UInt128)(uint)i + 1), ulong.MaxValue), long.MaxValue);
        }

        // One that is not among them writes it, and its context is as long as what it observed, and another.
        var observed = VectorClock.Of(dots);
        dots[0] = dots[0] with { Sequence = long.MaxValue - 1 };
        var self = new Dot(new Origin(new ReplicaId(UInt128.MaxValue), 0), 1);
        var largest = SyncEvent.Create(
            self,
            new HybridTime(1),
            SyncEvent.Genesis(self.Origin),
            observed,
            EventEnvelope.Create(Trial, "largest", "{}"u8.ToArray()));
        return StoredSyncEvent.Write(new DeliveredEvent(largest, VectorClock.Of(dots)), Trial);
    }
}
