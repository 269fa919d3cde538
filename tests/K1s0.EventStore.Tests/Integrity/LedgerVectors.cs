using System.Text.Json;

namespace K1s0.EventStore.Tests;

/// <summary>The known-answer vectors of the ledger, as they stand in the file.</summary>
internal sealed record LedgerVectors(
    string Format,
    IReadOnlyList<LedgerVectors.Tree> Trees,
    IReadOnlyList<LedgerVectors.InclusionPath> Inclusion,
    IReadOnlyList<LedgerVectors.ConsistencyPath> Consistency,
    IReadOnlyList<LedgerVectors.Subtree> Subtrees,
    IReadOnlyList<LedgerVectors.Step> Growth,
    IReadOnlyList<LedgerVectors.Tile> Tiles,
    string Origin,
    IReadOnlyList<LedgerVectors.Key> Keys,
    IReadOnlyList<string> Checkpoints,
    IReadOnlyList<LedgerVectors.EventWithProof> Proofs)
{
    public static LedgerVectors Instance { get; } = JsonSerializer.Deserialize<LedgerVectors>(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", "ledger.v1.json")),
        JsonSerializerOptions.Web)!;

    internal sealed record Tree(long Size, string Root);

    internal sealed record InclusionPath(long Index, long Size, string[] Path);

    internal sealed record ConsistencyPath(long First, long Second, string[] Path);

    internal sealed record Subtree(long Start, long End, long Size, string[] Proof);

    internal sealed record Step(long From, long To, string[] Tiles);

    internal sealed record Tile(string Path, string Sha256);

    internal sealed record Key(string Name, string Text, string Pem);

    internal sealed record EventWithProof(
        JsonElement Event, string PreviousLink, string LeafRecord, string LeafHash, string Proof)
    {
        public EventEnvelope Envelope => ExportedEvent.Read(Event);
    }
}
