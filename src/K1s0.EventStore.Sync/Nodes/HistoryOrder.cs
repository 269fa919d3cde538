namespace K1s0.EventStore.Sync;

/// <summary>
/// Puts pages of a history into an order in which causes come before effects. Keeps the context of each log and no
/// event: one whose causes have not been told ends the page for its log, which is read on from there when they have.
/// </summary>
/// <param name="behind">What was told before.</param>
/// <param name="upTo">What is to be told.</param>
internal sealed class HistoryOrder(IReadOnlyList<OriginHead> behind, VectorClock upTo)
{
    private const int LeastEvents = 16;

    private readonly Dictionary<Origin, OriginLog> _logs =
        behind.ToDictionary(head => head.Last.Origin, head => new OriginLog(head));

    // The next events of logs, by what they wait for.
    private readonly Dictionary<Dot, List<Dot>> _waiting = [];
    private readonly HashSet<Origin> _halted = [];

    // Their logs are read again from the next page on: what this one has of them was passed over.
    private readonly List<Origin> _released = [];
    private int _toldOfPage = int.MaxValue / 2;

    /// <summary>What was told.</summary>
    public VectorClock Told { get; private set; } = VectorClock.Of([.. behind.Select(head => head.Last)]);

    /// <summary>An event whose causes have not been told; null when there is none.</summary>
    public Dot? Waiting => _waiting.Count > 0 ? _waiting.Values.First()[0] : null;

    /// <summary>Begins a page.</summary>
    /// <param name="most">The most events of a page.</param>
    /// <returns>Up to where to read it, and how many events; null when no log goes on.</returns>
    public (VectorClock UpTo, int Events)? NextPage(int most)
    {
        _halted.ExceptWith(_released);
        _released.Clear();
        var wanted = _halted.Count == 0
            ? upTo
            : VectorClock.Of([.. upTo.Entries.ToArray().Where(dot => !_halted.Contains(dot.Origin))]);
        if (Told.Covers(wanted))
        {
            return null;
        }

        // Where most of a page is passed over, the next one is smaller.
        var events = Math.Min(most, Math.Max(LeastEvents, 2 * _toldOfPage));
        _toldOfPage = 0;
        return (wanted, events);
    }

    /// <summary>
    /// Takes the next event of a page; null when it is not told now, and comes again in a later page if ever.
    /// </summary>
    /// <exception cref="InvalidFormatException">It is of another branch than the event before it.</exception>
    public DeliveredEvent? Take(SyncEvent next)
    {
        var origin = next.Dot.Origin;
        if (_halted.Contains(origin))
        {
            return null;
        }

        if (FindMissing(next) is { } cause)
        {
            (_waiting.TryGetValue(cause, out var others) ? others : _waiting[cause] = []).Add(next.Dot);
            _halted.Add(origin);
            return null;
        }

        var log = LogOf(origin);
        var told = next.Previous == log.Hash ? log.Append(next) : throw OtherBranch(next.Dot);
        Told = Told.Observe(next.Dot);
        _toldOfPage++;
        if (_waiting.Remove(next.Dot, out var released))
        {
            _released.AddRange(released.Select(dot => dot.Origin));
        }

        return told;
    }

    /// <summary>What says that two branches do not fit together.</summary>
    public static InvalidFormatException OtherBranch(Dot dot) =>
        new("history of a replica", $"what is read behind is of another branch of the log than {dot}.");

    private Dot? FindMissing(SyncEvent next)
    {
        if (LogOf(next.Dot.Origin).Sequence < next.Dot.Sequence - 1)
        {
            return next.Dot with { Sequence = next.Dot.Sequence - 1 };
        }

        foreach (var cause in next.Observed.Entries)
        {
            if (LogOf(cause.Origin).Sequence < cause.Sequence)
            {
                return cause;
            }
        }

        return null;
    }

    private OriginLog LogOf(Origin origin) =>
        _logs.TryGetValue(origin, out var log) ? log : _logs[origin] = new OriginLog(origin);
}
