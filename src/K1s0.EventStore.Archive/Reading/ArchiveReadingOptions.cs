using System.ComponentModel.DataAnnotations;

namespace K1s0.EventStore.Archive;

/// <summary>How archived events are read.</summary>
public sealed class ArchiveReadingOptions
{
    /// <summary>
    /// Whether a store reads events that have left the database from the archive. If not, such a read fails with
    /// <see cref="EventsArchivedException"/>: for processes that must never wait for an object store.
    /// </summary>
    /// <value>true by default.</value>
    public bool ReadThrough { get; set; } = true;

    /// <summary>
    /// How many requests to the object store are under way at a time, for all readers of a store together: a replay of
    /// years does not take the network from everybody else.
    /// </summary>
    /// <value>4 by default; 1 to 64.</value>
    [Range(1, 64)]
    public int MaxConcurrentRequests { get; set; } = 4;

    /// <summary>How much is kept of what was read and decoded, in bytes of lines.</summary>
    /// <value>64 MiB by default; 0 to 16 GiB. The memory is up to about twice as much.</value>
    [Range(0L, 16L * 1024 * 1024 * 1024)]
    public long CacheBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>
    /// How many frames (256 KiB of lines) one page of the feed looks through at most, so that a filter that lets
    /// nothing through does not keep its reader waiting for years of events.
    /// </summary>
    /// <value>64 by default; 1 to 4,096.</value>
    [Range(1, 4_096)]
    public int MaxFramesPerPage { get; set; } = 64;

    /// <summary>The longest frame to accept, in bytes of lines; see <see cref="EventBatchReaderOptions"/>.</summary>
    /// <value>
    /// 160 MiB by default, which is as long as an archiver can make them; 256 KiB to 160 MiB. The books have the digest
    /// of the index that says how long a frame is.
    /// </value>
    [Range(256 * 1024, 160 * 1024 * 1024)]
    public int MaxFrameContentBytes { get; set; } = 160 * 1024 * 1024;
}
