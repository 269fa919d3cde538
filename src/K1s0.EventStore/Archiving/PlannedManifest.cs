using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// A manifest as the books of an archive hold it from before it is put until it is known to be. Immutable.
/// </summary>
/// <param name="number">Its number, from 1.</param>
/// <param name="digest">The SHA-256 of its bytes.</param>
/// <param name="content">Its bytes; empty once it is listed, and where only the state is told.</param>
/// <param name="through">All batches up to the one with this last position are listed by it.</param>
public sealed class PlannedManifest(
    long number, Sha256Digest digest, ReadOnlyMemory<byte> content, Position through)
{
    /// <summary>Its number, from 1.</summary>
    public long Number { get; } = number;

    /// <summary>The SHA-256 of its bytes.</summary>
    public Sha256Digest Digest { get; } = digest;

    /// <summary>Its bytes; empty once it is listed, and where only the state is told.</summary>
    public ReadOnlyMemory<byte> Content { get; } = content;

    /// <summary>All batches up to the one with this last position are listed by it.</summary>
    public Position Through { get; } = through;
}
