using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>
/// How every key stands: detects which events are concurrent, and resolves them by the rules. Two views that have seen
/// the same events show the same, whatever the order in which each saw them.
/// </summary>
/// <remarks>
/// Not safe for several threads. Keeps in memory the concurrent events of each key; build it anew from the log when the
/// process starts, or when the rules change.
/// </remarks>
public sealed class ConflictView
{
    private readonly ConflictRules _rules;
    private readonly Dictionary<ConflictKey, KeyState> _states = [];
    private readonly Dictionary<Origin, long> _seen = [];

    // The live events on keys of OnlineWins, numbered in the order of delivery.
    private readonly Dictionary<Dot, Watched> _watched = [];
    private readonly List<Dot> _superseded = [];
    private long _watchedCount;

    /// <summary>A view that has seen nothing.</summary>
    /// <param name="rules">The rules.</param>
    public ConflictView(ConflictRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        _rules = rules;
    }

    /// <summary>The keys on which events are concurrent, resolved or not.</summary>
    public IEnumerable<Resolution> Conflicts =>
        _states.Values.Where(state => state.LiveCount > 1).Select(Resolved);

    /// <summary>Takes the next event that was delivered. One that was taken before changes nothing.</summary>
    /// <param name="delivered">The event; its causes were taken before it.</param>
    /// <returns>
    /// How its key stands now, when there is a conflict on it; null when there is none or when no rule is for the
    /// event.
    /// </returns>
    /// <exception cref="InvalidOperationException">An event before it in its log has not been taken.</exception>
    /// <exception cref="Exception">
    /// Whatever a function of the rules throws; the view is as it was, and goes no further in that log. Let functions
    /// of rules read any payload.
    /// </exception>
    public Resolution? Apply(DeliveredEvent delivered)
    {
        var dot = delivered.Event.Dot;
        var seen = _seen.GetValueOrDefault(dot.Origin);
        if (dot.Sequence <= seen)
        {
            return null;
        }

        if (dot.Sequence != seen + 1)
        {
            throw new InvalidOperationException($"{dot} came before {dot with { Sequence = seen + 1 }}.");
        }

        var state = Take(delivered);
        _seen[dot.Origin] = dot.Sequence;
        return state is { LiveCount: > 1 } ? Resolved(state) : null;
    }

    /// <summary>How a key stands; null when no event touched it.</summary>
    /// <param name="key">The key.</param>
    public Resolution? Of(ConflictKey key) => _states.TryGetValue(key, out var state) ? Resolved(state) : null;

    /// <summary>The value of a counter; 0 when no event touched it.</summary>
    /// <param name="key">A key whose policy is a counter.</param>
    /// <exception cref="InvalidOperationException">The key has another policy.</exception>
    public Int128 Counter(ConflictKey key) => Find<CounterPolicy.CounterState>(key)?.Value ?? 0;

    /// <summary>The elements of a set, in ordinal order.</summary>
    /// <param name="key">A key whose policy is a set.</param>
    /// <exception cref="InvalidOperationException">The key has another policy.</exception>
    public IReadOnlyList<string> Set(ConflictKey key) => [.. Find<SetPolicy.SetState>(key)?.Elements ?? []];

    /// <summary>What the concurrent events of a key say together.</summary>
    /// <typeparam name="TState">The state of the merge.</typeparam>
    /// <param name="key">A key whose policy is a merge of this state.</param>
    /// <param name="state">What they say; the default value when no event touched the key.</param>
    /// <returns>Whether an event touched the key.</returns>
    /// <exception cref="InvalidOperationException">The key has another policy.</exception>
    public bool TryMerge<TState>(ConflictKey key, out TState? state)
    {
        state = default;
        if (!_states.TryGetValue(key, out var found))
        {
            return false;
        }

        var merge = found.Policy is MergePolicy<TState> policy ? policy.StateMerge : throw WrongPolicy(found);
        state = found.Live.Select(live => merge.Read(live.Event.Envelope)).Aggregate(merge.Merge);
        return true;
    }

    /// <summary>
    /// The events that wait for the authority, first delivered first: what the authority puts into its next
    /// <see cref="AuthorityStamp"/>. They go on waiting until that event is applied.
    /// </summary>
    /// <param name="most">At most so many, 1 to <see cref="AuthorityStamp.MaxAccepted"/>.</param>
    public IReadOnlyList<Dot> Unaccepted(int most = AuthorityStamp.MaxAccepted)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(most, AuthorityStamp.MaxAccepted);
        return
        [
            .. _watched.Where(entry => !entry.Value.IsAccepted)
                .OrderBy(entry => entry.Value.Number)
                .Take(most)
                .Select(entry => entry.Key),
        ];
    }

    /// <summary>
    /// The view as entries of a snapshot, for <see cref="NodeSnapshots.PublishAsync"/>: views that have seen the same
    /// events give the same bytes. Call it where nothing is applied meanwhile; later events do not change what it gave.
    /// A view in which the concurrent events of one key exceed <see cref="SnapshotLimits.MaxValueBytes"/> cannot be
    /// published.
    /// </summary>
    public IReadOnlyList<SnapshotEntry> Capture()
    {
        var entries = _states.Values.Select(ConflictViewFormat.Write).ToList();
        entries.Sort(static (left, right) => left.Key.Span.SequenceCompareTo(right.Key.Span));
        return entries;
    }

    /// <summary>
    /// A view that has seen what a snapshot is as of. Apply what came after it: events that are in it change nothing.
    /// </summary>
    /// <param name="rules">The rules under which the snapshot was made.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidFormatException">
    /// It is no snapshot of a view, was made under other rules, or is damaged.
    /// </exception>
    public static async Task<ConflictView> LoadAsync(
        ConflictRules rules, InstalledSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var view = new ConflictView(rules);
        foreach (var head in snapshot.Manifest.Heads)
        {
            view._seen[head.Last.Origin] = head.Last.Sequence;
        }

        await foreach (var entry in snapshot.ReadEntriesAsync(cancellationToken).ConfigureAwait(false))
        {
            view.Restore(ConflictViewFormat.Read(entry, rules));
        }

        return view;
    }

    private void Restore(KeyState state)
    {
        _states.Add(state.Key, state);
        if (state.Policy is RegisterPolicy { Rule: RegisterRule.Accepted })
        {
            foreach (var (delivered, accepted) in state.LiveWithAcceptance)
            {
                _watched.Add(delivered.Event.Dot, new Watched(state, ++_watchedCount, accepted is not null));
            }
        }
    }

    private static Resolution Resolved(KeyState state) =>
        new(state.Key, state.Policy.Name, state.Winner(), [.. state.Live]);

    private static InvalidOperationException WrongPolicy(KeyState state) =>
        new($"The policy of {state.Key} is {state.Policy.Name}.");

    private TState? Find<TState>(ConflictKey key)
        where TState : KeyState =>
        _states.TryGetValue(key, out var state) ? state as TState ?? throw WrongPolicy(state) : null;

    private KeyState StateOf(ConflictKey key, ConflictPolicy policy)
    {
        var state = _states.TryGetValue(key, out var known) ? known : policy.NewState(key);
        return ReferenceEquals(state.Policy, policy)
            ? state
            : throw new InvalidOperationException($"The rules name two policies for {key}.");
    }

    // The state that the event touched. What the application's rules throw is thrown before anything is changed.
    private KeyState? Take(DeliveredEvent delivered)
    {
        var envelope = delivered.Event.Envelope;
        var isAuthority = delivered.Event.Dot.Origin.Replica == _rules.Authority && !_rules.Authority.IsNone;
        if (isAuthority && string.Equals(envelope.EventType, AuthorityStamp.EventType, StringComparison.Ordinal))
        {
            Accept(delivered.Event);
            return null;
        }

        if (_rules.Find(envelope) is not { } found)
        {
            return null;
        }

        var state = StateOf(found.Key, found.Policy);
        if (state.Policy is RegisterPolicy { Rule: RegisterRule.Accepted })
        {
            Watch(state, delivered, isAuthority);
        }
        else
        {
            state.Apply(delivered, superseded: null);
        }

        _states.TryAdd(found.Key, state);
        return state;
    }

    private void Watch(KeyState state, DeliveredEvent delivered, bool isAuthority)
    {
        _superseded.Clear();
        state.Apply(delivered, _superseded);
        foreach (var dot in _superseded)
        {
            _watched.Remove(dot);
        }

        _watched.Add(delivered.Event.Dot, new Watched(state, ++_watchedCount, isAuthority));
        if (isAuthority)
        {
            // What the authority writes it has accepted.
            state.Accept(delivered.Event.Dot, AcceptanceOrder.Of(delivered.Event, place: 0));
        }
    }

    private void Accept(SyncEvent stamp)
    {
        var place = 0;
        foreach (var dot in AuthorityStamp.Read(stamp.Envelope))
        {
            // The authority knew the event, so it was delivered before; when it is not watched, it is superseded.
            var order = AcceptanceOrder.Of(stamp, place++);
            if (_watched.TryGetValue(dot, out var watched))
            {
                watched.State.Accept(dot, order);
                _watched[dot] = watched with { IsAccepted = true };
            }
        }
    }

    private readonly record struct Watched(KeyState State, long Number, bool IsAccepted);
}
