namespace K1s0.EventStore.Archive.Tests;

/// <summary>A mistake: of each stretch of archived events the last one has a wrong byte.</summary>
internal sealed class WrongByteArchive(IArchivedEvents archive) : IArchivedEvents
{
    public async Task<ArchivedStretch> ReadAsync(
        IReadOnlyList<ArchivedBatch> batches,
        Position after,
        FeedFilter? filter,
        int maxCount,
        CancellationToken cancellationToken = default)
    {
        var stretch = await archive.ReadAsync(batches, after, filter, maxCount, cancellationToken);
        return stretch.Events is [.., var last]
            ? stretch with { Events = [.. stretch.Events.SkipLast(1), Wrong(last)] }
            : stretch;
    }

    public Task<IReadOnlyList<EventEnvelope>> ReadStreamAsync(
        ArchivedBatch batch,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        CancellationToken cancellationToken = default) =>
        archive.ReadStreamAsync(batch, streamId, fromVersion, toVersion, cancellationToken);

    private static EventEnvelope Wrong(EventEnvelope envelope)
    {
        var payload = envelope.PayloadUtf8.ToArray();
        payload[^2] ^= 1;
        return envelope with { PayloadUtf8 = payload };
    }
}
