namespace K1s0.EventStore.Sync;

/// <summary>What the next own event has to name: everything known that the last one did not name.</summary>
internal sealed class News
{
    private readonly SortedDictionary<Origin, long> _news = new(Comparer<Origin>.Create(Origin.Compare));

    public void Add(Dot known) => _news[known.Origin] = known.Sequence;

    /// <summary>Finds out anew what it is.</summary>
    /// <param name="self">Whose events name it.</param>
    /// <param name="ends">The ends of all logs.</param>
    /// <param name="named">What the own events have named.</param>
    public void Find(Origin self, IEnumerable<Dot> ends, VectorClock named)
    {
        _news.Clear();
        foreach (var end in ends)
        {
            if (end.Origin != self && end.Sequence > named[end.Origin])
            {
                Add(end);
            }
        }
    }

    public VectorClock Take()
    {
        if (_news.Count == 0)
        {
            return VectorClock.Empty;
        }

        var taken = VectorClock.Adopt([.. _news.Select(entry => new Dot(entry.Key, entry.Value))]);
        _news.Clear();
        return taken;
    }
}
