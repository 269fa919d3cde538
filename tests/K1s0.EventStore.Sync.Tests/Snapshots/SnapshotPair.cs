namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>A taker and a giver that talk to each other, frame by frame.</summary>
internal sealed class SnapshotPair(SnapshotSide taker, SnapshotSide giver)
{
    public static readonly SyncOptions Open = new() { IsTransportAuthenticated = true };

    public SnapshotPair(ISnapshotChunkStore taker, ISnapshotChunkStore giver, SyncOptions? options = null)
        : this(
            new SnapshotSide(SyncRole.Initiator, taker, options ?? Open, takes: true),
            new SnapshotSide(SyncRole.Responder, giver, options ?? Open))
    {
    }

    public SnapshotSide Taker => taker;

    public SnapshotSide Giver => giver;

    /// <summary>Every frame that arrived, in order: who sent it, and its bytes.</summary>
    public List<(SyncRole From, byte[] Frame)> Arrived { get; } = [];

    /// <summary>What becomes of a frame on its way.</summary>
    public Func<int, byte[], IEnumerable<byte[]>> OnTheWay { get; set; } = (_, frame) => [frame];

    public int Count { get; private set; }

    /// <summary>The places of the chunks that arrived whole; for sessions that are not sealed.</summary>
    public List<int> ChunksArrived =>
    [
        .. Arrived.Where(one => one.Frame[0] == FrameType.SnapshotChunk).Select(one =>
        {
            var reader = new WireReader(one.Frame.AsSpan(1));
            return SnapshotFrames.ReadPlace(ref reader);
        }),
    ];

    public async Task<SnapshotPair> RunAsync()
    {
        await giver.StepAsync(new SyncInput.Started());
        await taker.StepAsync(new SyncInput.Started());
        while (taker.Sent.Count + giver.Sent.Count > 0)
        {
            await CarryAsync(taker, giver, SyncRole.Initiator);
            await CarryAsync(giver, taker, SyncRole.Responder);
        }

        return this;
    }

    private async Task CarryAsync(SnapshotSide from, SnapshotSide to, SyncRole role)
    {
        if (from.Sent.TryDequeue(out var frame))
        {
            foreach (var arriving in OnTheWay(Count++, frame))
            {
                Arrived.Add((role, arriving));
                await to.StepAsync(new SyncInput.Received(arriving));
            }
        }
    }
}
