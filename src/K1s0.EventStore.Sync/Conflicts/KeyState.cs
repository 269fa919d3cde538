namespace K1s0.EventStore.Sync;

/// <summary>The events on one key that no later event on it knew of: more than one are concurrent.</summary>
internal class KeyState(ConflictKey key, ConflictPolicy policy)
{
    // At most one for each origin, since an origin knows its own events.
    private readonly List<(DeliveredEvent Delivered, AcceptanceOrder? Accepted)> _live = [];

    public ConflictKey Key => key;

    public ConflictPolicy Policy => policy;

    public int LiveCount => _live.Count;

    public IEnumerable<DeliveredEvent> Live =>
        _live.Select(live => live.Delivered).OrderBy(live => live.Event, EventOrder.Instance);

    /// <summary>The same, with what the authority said of each.</summary>
    public IEnumerable<(DeliveredEvent Delivered, AcceptanceOrder? Accepted)> LiveWithAcceptance =>
        _live.OrderBy(live => live.Delivered.Event, EventOrder.Instance);

    /// <summary>Takes over the live events of a snapshot; the state has none yet.</summary>
    public void Restore(IEnumerable<(DeliveredEvent Delivered, AcceptanceOrder? Accepted)> live) =>
        _live.AddRange(live);

    /// <summary>Takes an event.</summary>
    /// <param name="delivered">The event.</param>
    /// <param name="superseded">Gets the events that are not live any more; null when nobody asks.</param>
    public virtual void Apply(DeliveredEvent delivered, ICollection<Dot>? superseded)
    {
        var kept = 0;
        for (var i = 0; i < _live.Count; i++)
        {
            var live = _live[i];
            if (!delivered.HasSeen(live.Delivered.Event.Dot))
            {
                _live[kept++] = live;
            }
            else
            {
                superseded?.Add(live.Delivered.Event.Dot);
            }
        }

        _live.RemoveRange(kept, _live.Count - kept);
        _live.Add((delivered, null));
    }

    /// <summary>Notes that the authority accepted a live event.</summary>
    public void Accept(Dot dot, AcceptanceOrder order)
    {
        var at = _live.FindIndex(live => live.Delivered.Event.Dot == dot);

        // Accepted twice, for example by two lives of the authority: the first one counts, wherever it came first.
        var (delivered, known) = _live[at];
        _live[at] = (delivered, known is { } earlier && AcceptanceOrder.Compare(earlier, order) < 0 ? earlier : order);
    }

    /// <summary>The live event that stands for the key; null when the policy lets none win.</summary>
    public DeliveredEvent? Winner()
    {
        if (Policy is RegisterPolicy { Rule: RegisterRule.All } && _live.Count > 1)
        {
            return null;
        }

        var winner = _live[0];
        for (var i = 1; i < _live.Count; i++)
        {
            winner = Wins(_live[i], winner) ? _live[i] : winner;
        }

        return winner.Delivered;
    }

    private bool Wins(
        (DeliveredEvent Delivered, AcceptanceOrder? Accepted) one,
        (DeliveredEvent Delivered, AcceptanceOrder? Accepted) other) =>
        (Policy is RegisterPolicy { Rule: RegisterRule.Accepted }, one.Accepted, other.Accepted) switch
        {
            (true, { } first, { } second) => AcceptanceOrder.Compare(first, second) < 0,
            (true, not null, null) => true,
            (true, null, not null) => false,
            _ => EventOrder.Instance.Compare(one.Delivered.Event, other.Delivered.Event) > 0,
        };
}
