namespace K1s0.EventStore.Sync;

/// <summary>
/// The streams in which <see cref="EventStoreReplicaStore"/> keeps logs: gives what is stored of a log by sequence,
/// wherever the log begins. See <see cref="StoredBeginnings"/>.
/// </summary>
internal sealed class LogStreams(IEventStore store, IStreamReader reader, StoredBeginnings beginnings)
{
    /// <summary>The end behind which a log begins; null when it is here from its first event on.</summary>
    public async ValueTask<OriginHead?> FindBeginningAsync(Origin origin, CancellationToken cancellationToken) =>
        (await beginnings.LoadAsync(cancellationToken).ConfigureAwait(false)).GetValueOrDefault(origin);

    /// <summary>The sequence of the last event that is stored, or behind which the log begins; 0 for none.</summary>
    public async Task<long> FindEndAsync(Origin origin, CancellationToken cancellationToken)
    {
        var before = await CountBeforeAsync(origin, cancellationToken).ConfigureAwait(false);
        var head = await reader.GetHeadAsync(OriginNames.Log(origin, before), cancellationToken).ConfigureAwait(false);
        return before + head.Version.Value;
    }

    /// <summary>
    /// What is stored from one sequence to another, the sequence of each as its version. Fewer, when the log begins
    /// behind the first of them or ends before the last.
    /// </summary>
    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken)
    {
        var before = await CountBeforeAsync(origin, cancellationToken).ConfigureAwait(false);
        if (before == 0)
        {
            return await store.LoadAsync(OriginNames.Log(origin), first, last, cancellationToken)
                .ConfigureAwait(false);
        }

        if (last <= before || last < first)
        {
            return [];
        }

        var loaded = await store.LoadAsync(
            OriginNames.Log(origin, before), Math.Max(first - before, 1), last - before, cancellationToken)
            .ConfigureAwait(false);
        return [.. loaded.Select(stored => stored with { Version = before + stored.Version })];
    }

    /// <summary>What is to be appended: events of one log that follow each other.</summary>
    public async Task<StreamAppend> AppendOfAsync(
        Origin origin, IEnumerable<DeliveredEvent> events, CancellationToken cancellationToken)
    {
        var before = await CountBeforeAsync(origin, cancellationToken).ConfigureAwait(false);
        var (stream, log) = (OriginNames.Log(origin, before), events.ToList());
        return new StreamAppend(
            stream,
            [.. log.Select(delivered => StoredSyncEvent.Write(delivered, stream))],
            ExpectedVersion.Exactly(new StreamVersion(log[0].Event.Dot.Sequence - 1 - before)));
    }

    /// <summary>The first sequence of a part of which something may be stored.</summary>
    public async ValueTask<long> FindFirstAsync(Origin origin, long first, CancellationToken cancellationToken) =>
        Math.Max(first, await CountBeforeAsync(origin, cancellationToken).ConfigureAwait(false) + 1);

    private async ValueTask<long> CountBeforeAsync(Origin origin, CancellationToken cancellationToken) =>
        (await FindBeginningAsync(origin, cancellationToken).ConfigureAwait(false))?.Last.Sequence ?? 0;
}
