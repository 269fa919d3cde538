using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>A log over a stream of events, signed with one key, and the proof of each.</summary>
internal sealed class ProvedLog
{
    public const string Origin = "example.com/orders";

    private ProvedLog(EventEnvelope[] events, EventProof[] proofs, VerifierKey key) =>
        (Events, Proofs, Key) = (events, proofs, key);

    public EventEnvelope[] Events { get; }

    public EventProof[] Proofs { get; }

    public VerifierKey Key { get; }

    public static async Task<ProvedLog> CreateAsync(int count)
    {
        using var signer = Signers.Ed25519(Origin, 7);
        var recordedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddMicroseconds(678_901);
        EventEnvelope[] events = [.. StoredStream.Of(count).Select(stored => stored with { RecordedAt = recordedAt })];
        LeafRecord[] records = [.. events.Select(LeafRecord.Of)];
        var tiles = MemoryTiles.Of(records.Select(record => record.ToArray()));
        var tree = await TileBuilder.LoadAsync(tiles, count);
        var checkpoint = await new TreeHead(Origin, count, tree.Root).SignAsync([signer]);
        var proofs = new EventProof[count];
        for (var i = 0; i < count; i++)
        {
            var path = await InclusionProof.CreateAsync(tiles, i, count);
            var previous = i == 0 ? StreamHead.Empty(StoredStream.Id).ChainHash : events[i - 1].ChainHash;
            proofs[i] = new EventProof(records[i], previous, i, path, checkpoint);
        }

        return new ProvedLog(events, proofs, signer.Key);
    }
}
