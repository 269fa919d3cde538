using System.Runtime.InteropServices;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// The streams of one pass, spread over lanes that work side by side. A stream belongs to one lane, so nothing is
/// locked.
/// </summary>
internal sealed class StreamTable
{
    private readonly StoreVerifierOptions _options;
    private readonly FindingList _findings;
    private readonly Dictionary<StreamId, StreamHead[]> _remembered;
    private readonly Dictionary<StreamId, FollowedStream>[] _lanes;

    public StreamTable(
        StoreVerifierOptions options,
        FindingList findings,
        StreamSlice slice,
        IReadOnlyCollection<StreamHead> remembered)
    {
        (_options, _findings, Slice) = (options, findings, slice);
        _remembered = remembered.GroupBy(head => head.StreamId)
            .ToDictionary(heads => heads.Key, heads => heads.ToArray());
        _lanes = [.. Enumerable.Range(0, options.Lanes).Select(_ => new Dictionary<StreamId, FollowedStream>())];
    }

    /// <summary>The streams that are followed.</summary>
    public StreamSlice Slice { get; private set; }

    public int Count => _lanes.Sum(lane => lane.Count);

    public IEnumerable<FollowedStream> Streams => _lanes.SelectMany(lane => lane.Values);

    /// <summary>Verifies a page, the streams of each lane side by side.</summary>
    /// <returns>The hashes of the leaves, if they are asked for.</returns>
    public Sha256Digest[] Check(IReadOnlyList<EventEnvelope> events, bool withLeaves)
    {
        var lanes = new byte[events.Count];
        var isFollowed = new bool[events.Count];
        var leaves = new Sha256Digest[withLeaves ? events.Count : 0];
        for (var i = 0; i < lanes.Length; i++)
        {
            var hash = StreamSlice.Hash(events[i].StreamId);
            (lanes[i], isFollowed[i]) = (Lane(hash), Slice.Contains(hash));
        }

        if (_lanes.Length == 1)
        {
            CheckLane(0);
        }
        else
        {
            Parallel.For(0, _lanes.Length, CheckLane);
        }

        return leaves;

        void CheckLane(int lane)
        {
            for (var i = 0; i < lanes.Length; i++)
            {
                if (lanes[i] != lane)
                {
                    continue;
                }

                var stream = isFollowed[i] ? Follow(_lanes[lane], events[i].StreamId) : null;
                stream?.Check(events[i], _findings);
                if (withLeaves)
                {
                    leaves[i] = Leaf(events[i], stream?.Tag ?? StreamChain.Tag(events[i].StreamId));
                }
            }
        }
    }

    /// <summary>The stream, followed from its beginning if it has not come yet.</summary>
    public FollowedStream Follow(StreamId streamId) => Follow(LaneOf(streamId), streamId);

    /// <summary>The stream; null when it has not come yet.</summary>
    public FollowedStream? Find(StreamId streamId) => LaneOf(streamId).GetValueOrDefault(streamId);

    /// <summary>Halves the slice until the streams fit.</summary>
    /// <returns>What is left for later passes.</returns>
    public IReadOnlyList<StreamSlice> Shrink()
    {
        var left = new List<StreamSlice>();
        while (Count > _options.MaxStreams && Slice.Bits < StreamSlice.MostBits)
        {
            (Slice, var later) = Slice.Split();
            left.Add(later);
            bool IsLeft(StreamId stream) => later.Contains(StreamSlice.Hash(stream));
            foreach (var lane in _lanes)
            {
                foreach (var stream in lane.Keys.Where(IsLeft).ToArray())
                {
                    lane.Remove(stream);
                }
            }

            _findings.Forget(IsLeft);
        }

        return left;
    }

    /// <summary>Reports what should have come of the streams.</summary>
    public void End(bool isWholeStore)
    {
        // A stream that is remembered and has not come at all is followed from here, to be reported as cut off.
        foreach (var stream in _remembered.Keys.Where(stream =>
            isWholeStore && Slice.Contains(StreamSlice.Hash(stream))))
        {
            Follow(stream);
        }

        foreach (var stream in Streams)
        {
            stream.End(isWholeStore, _findings);
        }
    }

    private static Sha256Digest Leaf(EventEnvelope envelope, Sha256Digest tag) => new LeafRecord(
        tag,
        new StreamVersion(Math.Max(0, envelope.Version)),
        envelope.Id,
        envelope.RecordedAt,
        envelope.ContentDigest,
        envelope.ChainHash).LeafHash();

    private byte Lane(uint hash) => (byte)((hash & 0xFFFF) % (uint)_lanes.Length);

    private Dictionary<StreamId, FollowedStream> LaneOf(StreamId streamId) =>
        _lanes[Lane(StreamSlice.Hash(streamId))];

    private FollowedStream Follow(Dictionary<StreamId, FollowedStream> lane, StreamId streamId)
    {
        ref var stream = ref CollectionsMarshal.GetValueRefOrAddDefault(lane, streamId, out _);
        return stream ??= new FollowedStream(streamId, _remembered.GetValueOrDefault(streamId) ?? []);
    }
}
