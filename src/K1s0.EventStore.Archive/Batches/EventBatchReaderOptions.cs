using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Archive;

/// <summary>How batches are read. Immutable.</summary>
/// <param name="maxFrameContentBytes">
/// The longest frame to accept, in bytes of lines: 256 KiB to 160 MiB. Nothing larger is reserved, whatever a batch
/// claims. A frame is longer than 256 KiB only when one event is; 8 MiB by default, which fits events of 2 MiB and
/// more.
/// </param>
/// <param name="codecs">What decompresses; that of the system when null.</param>
public sealed class EventBatchReaderOptions(
    int maxFrameContentBytes = EventBatchReaderOptions.DefaultMaxFrameContentBytes, CompressionCodecs? codecs = null)
{
    private const int DefaultMaxFrameContentBytes = 8 * 1024 * 1024;

    /// <summary>The longest frame to accept, in bytes of lines.</summary>
    public int MaxFrameContentBytes { get; } =
        maxFrameContentBytes is >= EventBatchWriter.FrameContentBytes and <= EventBatchLimits.MostContentBytes
            ? maxFrameContentBytes
            : throw new ArgumentOutOfRangeException(
                nameof(maxFrameContentBytes), maxFrameContentBytes, "256 KiB to 160 MiB.");

    /// <summary>What decompresses.</summary>
    public CompressionCodecs Codecs { get; } = codecs ?? CompressionCodecs.OfSystem;
}
