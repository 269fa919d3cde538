using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace K1s0.EventStore;

/// <summary>Limits and defaults that every store keeps to. No limit is open.</summary>
public sealed class EventStoreOptions
{
    /// <summary>The deepest JSON that any configuration allows, and that readers are able to parse: 1,000.</summary>
    public const int MaxSupportedJsonDepth = 1_000;

    /// <summary>The most events in one append, over all of its streams.</summary>
    /// <value>1,000 by default; 1 to 10,000.</value>
    [Range(1, 10_000)]
    public int MaxEventsPerAppend { get; set; } = 1_000;

    /// <summary>The most bytes of payload and metadata in one append, over all of its events.</summary>
    /// <value>32 MiB by default; 2 bytes to 256 MiB.</value>
    [Range(2, 256 * 1024 * 1024)]
    public int MaxBytesPerAppend { get; set; } = 32 * 1024 * 1024;

    /// <summary>The most streams in one append.</summary>
    /// <value>100 by default; 1 to 1,000.</value>
    [Range(1, 1_000)]
    public int MaxStreamsPerAppend { get; set; } = 100;

    /// <summary>The most bytes of one event's payload.</summary>
    /// <value>1 MiB by default; 2 bytes to 64 MiB.</value>
    [Range(2, 64 * 1024 * 1024)]
    public int MaxPayloadBytes { get; set; } = 1024 * 1024;

    /// <summary>The most bytes of one event's metadata.</summary>
    /// <value>64 KiB by default; 2 bytes to 1 MiB.</value>
    [Range(2, 1024 * 1024)]
    public int MaxMetadataBytes { get; set; } = 64 * 1024;

    /// <summary>The deepest nesting of payload and metadata.</summary>
    /// <value>64 by default, what System.Text.Json reads by default; 1 to 1,000.</value>
    [Range(1, MaxSupportedJsonDepth)]
    public int MaxJsonDepth { get; set; } = 64;

    /// <summary>After how many events an aggregate is worth a new snapshot.</summary>
    /// <value>100 by default; 1 to 1,000,000.</value>
    [Range(1, 1_000_000)]
    public int SnapshotInterval { get; set; } = 100;

    /// <summary>How snapshots are serialised; null for the defaults, by reflection.</summary>
    /// <value>null by default.</value>
    public JsonSerializerOptions? SerializerOptions { get; set; }
}
