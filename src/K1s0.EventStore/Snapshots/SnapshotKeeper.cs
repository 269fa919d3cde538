using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore;

/// <summary>
/// Keeps states of one kind as frames in a snapshot store, and hands out those that this program can use. Thread-safe.
/// </summary>
internal sealed class SnapshotKeeper<TState>(
    ISnapshotStore snapshots, CompressionCodecs codecs, AggregateOptions<TState> options, ILogger logger)
{
    private readonly StateFormat<TState> _format = options.Format!;

    /// <summary>The latest snapshot; null when there is none, or none that is of use.</summary>
    public async Task<StartingPoint<TState>?> FindAsync(StreamId streamId, CancellationToken cancellationToken)
    {
        try
        {
            var snapshot = await snapshots
                .LoadLatestAsync<SnapshotFrame>(streamId, _format.Name, cancellationToken).ConfigureAwait(false);
            if (snapshot?.State is not { } frame)
            {
                return null;
            }

            if (frame.StateVersion != _format.Version
                || !string.Equals(frame.StateName, _format.Name, StringComparison.Ordinal))
            {
                Ignore(streamId, "schema");
                return null;
            }

            // Decoded before the events are asked for: what cannot be decoded costs no more than having none.
            var state = _format.Deserialize(frame.Unpack(codecs, options.MaxSnapshotBytes));
            return new StartingPoint<TState>(frame.Version.Value, frame.ChainHash, () => state)
            {
                SnapshotVersion = frame.Version.Value,
                Source = StateSource.Snapshot,
            };
        }
        catch (Exception e) when (IsBlameOfSnapshot(e))
        {
            logger.SnapshotUnreadable(streamId, e);
            Ignore(streamId, "unreadable");
            return null;
        }
    }

    public async Task<SnapshotFrame> SaveAsync(
        StreamId streamId,
        StreamVersion version,
        Sha256Digest chainHash,
        TState state,
        CancellationToken cancellationToken)
    {
        var bytes = _format.Serialize(state);
        if (bytes.Length > options.MaxSnapshotBytes)
        {
            throw new SnapshotTooLargeException(streamId, bytes.Length, options.MaxSnapshotBytes);
        }

        var frame = SnapshotFrame.Pack(_format.Name, _format.Version, version, chainHash, bytes, codecs.Preferred);
        await snapshots.SaveAsync(streamId, _format.Name, version.Value, frame, cancellationToken)
            .ConfigureAwait(false);
        AggregateTelemetry.RecordSnapshot(options, frame);
        return frame;
    }

    private void Ignore(StreamId streamId, string reason)
    {
        logger.SnapshotIgnored(streamId, reason);
        AggregateTelemetry.CountIgnored(options, "snapshot", reason);
    }

    // What is wrong with the snapshot or with decoding it, which code of the application takes part in; not what is
    // wrong with the store.
    private static bool IsBlameOfSnapshot(Exception e) =>
        e is InvalidFormatException or UnsupportedFormatException or DecompressionException
            or CompressionUnavailableException
        || e is not (EventStoreException or OperationCanceledException or OutOfMemoryException);
}
