namespace K1s0.EventStore.Sync;

/// <summary>
/// Puts the logs of several origins into one order in which causes come before effects, and which depends on the events
/// alone: not on who merges, nor on the order in which they arrived.
/// </summary>
public static class CausalMerge
{
    /// <summary>
    /// Merges logs. Of the events whose causes have all come, the first in <see cref="EventOrder"/> comes next; with
    /// honest clocks that is the order itself. Takes memory for the origins, not for the events.
    /// </summary>
    /// <param name="logs">
    /// For each origin its events by sequence, without gaps; each origin once. Read as the result is read.
    /// </param>
    /// <param name="after">What came before; empty when null.</param>
    /// <returns>
    /// The events; one whose causes neither came before nor are in <paramref name="logs"/> is left out, with all that
    /// follow from it.
    /// </returns>
    /// <exception cref="ArgumentException">A log has gaps, mixes origins, or stands there twice.</exception>
    public static IEnumerable<SyncEvent> Merge(IEnumerable<IEnumerable<SyncEvent>> logs, VectorClock? after = null)
    {
        ArgumentNullException.ThrowIfNull(logs);
        return Run(logs, after ?? VectorClock.Empty);
    }

    private static IEnumerable<SyncEvent> Run(IEnumerable<IEnumerable<SyncEvent>> logs, VectorClock after)
    {
        var state = new State(after);
        try
        {
            foreach (var log in logs)
            {
                state.Add(log.GetEnumerator());
            }

            while (state.Ready.TryDequeue(out var cursor, out var next))
            {
                yield return next;
                state.Passed(cursor, next.Dot);
            }
        }
        finally
        {
            state.Dispose();
        }
    }

    private sealed class State(VectorClock after) : IDisposable
    {
        private readonly List<IEnumerator<SyncEvent>> _cursors = [];
        private readonly Dictionary<Origin, long> _passed = [];
        private readonly Dictionary<Dot, List<IEnumerator<SyncEvent>>> _waiting = [];

        public PriorityQueue<IEnumerator<SyncEvent>, SyncEvent> Ready { get; } = new(EventOrder.Instance);

        public void Add(IEnumerator<SyncEvent> cursor)
        {
            _cursors.Add(cursor);
            if (cursor.MoveNext())
            {
                var first = cursor.Current.Dot;
                if (first.Sequence > after[first.Origin] + 1 || !_passed.TryAdd(first.Origin, first.Sequence - 1))
                {
                    throw new ArgumentException(
                        $"The log of {first.Origin} has a gap before {first}, or came twice.", nameof(cursor));
                }

                Place(cursor);
            }
        }

        public void Passed(IEnumerator<SyncEvent> cursor, Dot dot)
        {
            _passed[dot.Origin] = dot.Sequence;
            if (cursor.MoveNext())
            {
                if (cursor.Current.Dot != dot with { Sequence = dot.Sequence + 1 })
                {
                    throw new ArgumentException($"{cursor.Current.Dot} follows {dot} in a log.", nameof(cursor));
                }

                Place(cursor);
            }

            if (_waiting.Remove(dot, out var released))
            {
                released.ForEach(Place);
            }
        }

        public void Dispose() => _cursors.ForEach(cursor => cursor.Dispose());

        private void Place(IEnumerator<SyncEvent> cursor)
        {
            foreach (var cause in cursor.Current.Observed.Entries)
            {
                if (!after.Covers(cause) && _passed.GetValueOrDefault(cause.Origin) < cause.Sequence)
                {
                    (_waiting.TryGetValue(cause, out var waiting) ? waiting : _waiting[cause] = []).Add(cursor);
                    return;
                }
            }

            Ready.Enqueue(cursor, cursor.Current);
        }
    }
}
