namespace K1s0.EventStore.Sync;

/// <summary>Which ends of logs are still to be told of.</summary>
internal sealed class GossipHeads
{
    private readonly Announcements<Origin> _news = new();
    private VectorClock _announced = VectorClock.Empty;

    /// <summary>Finds out what has changed.</summary>
    public void Look(VectorClock clock)
    {
        if (_announced.Covers(clock))
        {
            return;
        }

        foreach (var dot in clock.Entries)
        {
            if (dot.Sequence > _announced[dot.Origin])
            {
                _news.Add(dot.Origin);
            }
        }

        // Who asks may be shown less than all.
        _announced = _announced.Merge(clock);
    }

    /// <summary>What one message tells.</summary>
    public List<HeadNews> Tell(GossipView view, int bytes, int times) =>
    [
        .. _news
            .Take(origin => SizeFor(view, origin), bytes, GossipMessage.MaxHeads, times)
            .Select(origin => HeadOf(view, origin)),
    ];

    // Telling those who may not see a log does not count: the others have not heard of it.
    private static int? SizeFor(GossipView view, Origin origin) =>
        view.Clock[origin] > 0 ? GossipMessage.SizeOf(HeadOf(view, origin)) : null;

    private static HeadNews HeadOf(GossipView view, Origin origin) =>
        new(new Dot(origin, view.Clock[origin]), view.HashOf(origin));
}
