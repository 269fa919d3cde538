namespace K1s0.EventStore.Sync;

/// <summary>
/// How much of each origin's log is known: a version vector. An origin that is not named is known up to 0.
/// </summary>
/// <remarks>
/// Immutable, compared by value, safe to share between threads. A lookup takes logarithmic time in the number of
/// origins, a change copies the entries.
/// </remarks>
public sealed class VectorClock : IEquatable<VectorClock>
{
    /// <summary>The most origins that a clock may name: 65,536.</summary>
    public const int MaxEntries = 65_536;

    // By origin, ascending, without repetition; each sequence is 1 or more. Never written to after construction.
    private readonly Dot[] _entries;

    private VectorClock(Dot[] entries) => _entries = entries;

    /// <summary>Nothing is known.</summary>
    public static VectorClock Empty { get; } = new([]);

    /// <summary>The last known event of each origin that is named, by origin.</summary>
    public ReadOnlySpan<Dot> Entries => _entries;

    /// <summary>How many origins are named.</summary>
    public int Count => _entries.Length;

    /// <summary>How much of an origin's log is known; 0 for nothing.</summary>
    /// <param name="origin">The origin.</param>
    public long this[Origin origin] => Find(origin) is var at and >= 0 ? _entries[at].Sequence : 0;

    /// <summary>The clock that knows these events and all before them in their logs.</summary>
    /// <param name="dots">In any order; the highest of an origin counts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A sequence is below 1.</exception>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxEntries"/> origins.</exception>
    public static VectorClock Of(params ReadOnlySpan<Dot> dots)
    {
        var sorted = dots.ToArray();
        Array.Sort(sorted, static (left, right) =>
            Origin.Compare(left.Origin, right.Origin) is var order and not 0
                ? order
                : right.Sequence.CompareTo(left.Sequence));
        var count = 0;
        foreach (var dot in sorted)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dot.Sequence, 1, nameof(dots));
            if (count == 0 || sorted[count - 1].Origin != dot.Origin)
            {
                sorted[count++] = dot;
            }
        }

        return Adopt(sorted[..count]);
    }

    /// <summary>Reads what <see cref="ToArray"/> wrote.</summary>
    /// <param name="bytes">The whole encoding and nothing behind it.</param>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    /// <exception cref="InvalidFormatException">
    /// It is cut, not canonical, or names more than <see cref="MaxEntries"/> origins.
    /// </exception>
    public static VectorClock Decode(ReadOnlySpan<byte> bytes) => VectorClockFormat.Decode(bytes);

    /// <summary>This clock after one more event of an origin.</summary>
    /// <param name="origin">The origin.</param>
    /// <exception cref="OverflowException">The log has as many events as a sequence can count.</exception>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxEntries"/> origins.</exception>
    public VectorClock Increment(Origin origin) => Observe(new Dot(origin, checked(this[origin] + 1)));

    /// <summary>This clock after an event and all before it in its log became known.</summary>
    /// <param name="dot">The event.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sequence is below 1.</exception>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxEntries"/> origins.</exception>
    public VectorClock Observe(Dot dot)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dot.Sequence, 1, nameof(dot));
        var at = Find(dot.Origin);
        if (at >= 0)
        {
            if (_entries[at].Sequence >= dot.Sequence)
            {
                return this;
            }

            var raised = _entries.AsSpan().ToArray();
            raised[at] = dot;
            return new VectorClock(raised);
        }

        var grown = new Dot[_entries.Length + 1];
        _entries.AsSpan(0, ~at).CopyTo(grown);
        grown[~at] = dot;
        _entries.AsSpan(~at).CopyTo(grown.AsSpan(~at + 1));
        return Adopt(grown);
    }

    /// <summary>The origins of which this clock knows more than another.</summary>
    internal List<Origin> OriginsBeyond(VectorClock other)
    {
        var beyond = new List<Origin>();
        foreach (var dot in _entries)
        {
            if (!other.Covers(dot))
            {
                beyond.Add(dot.Origin);
            }
        }

        return beyond;
    }

    /// <summary>How many events this clock knows that another does not.</summary>
    internal long EventsBeyond(VectorClock other)
    {
        var beyond = 0L;
        foreach (var dot in _entries)
        {
            beyond += Math.Max(0, dot.Sequence - other[dot.Origin]);
        }

        return beyond;
    }

    /// <summary>The clock that knows what either knows: the higher sequence of each origin.</summary>
    /// <param name="other">The other clock.</param>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxEntries"/> origins.</exception>
    public VectorClock Merge(VectorClock other)
    {
        ArgumentNullException.ThrowIfNull(other);
        switch (Compare(other))
        {
            case CausalRelation.Equal or CausalRelation.After:
                return this;
            case CausalRelation.Before:
                return other;
            default:
                break;
        }

        var merged = new Dot[_entries.Length + other._entries.Length];
        var (left, right, count) = (0, 0, 0);
        while (left < _entries.Length || right < other._entries.Length)
        {
            var order = OrderAt(other, left, right);
            var dot = order <= 0 ? _entries[left] : other._entries[right];
            if (order == 0 && other._entries[right].Sequence > dot.Sequence)
            {
                dot = other._entries[right];
            }

            merged[count++] = dot;
            left += order <= 0 ? 1 : 0;
            right += order >= 0 ? 1 : 0;
        }

        return Adopt(merged[..count]);
    }

    /// <summary>How this clock stands to another.</summary>
    /// <param name="other">The other clock.</param>
    public CausalRelation Compare(VectorClock other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(this, other))
        {
            return CausalRelation.Equal;
        }

        var (left, right, isAhead, isBehind) = (0, 0, false, false);
        while ((left < _entries.Length || right < other._entries.Length) && !(isAhead && isBehind))
        {
            var order = OrderAt(other, left, right);
            var difference = order == 0
                ? _entries[left].Sequence.CompareTo(other._entries[right].Sequence)
                : -order;
            isAhead |= difference > 0;
            isBehind |= difference < 0;
            left += order <= 0 ? 1 : 0;
            right += order >= 0 ? 1 : 0;
        }

        return (isAhead, isBehind) switch
        {
            (false, false) => CausalRelation.Equal,
            (true, false) => CausalRelation.After,
            (false, true) => CausalRelation.Before,
            _ => CausalRelation.Concurrent,
        };
    }

    /// <summary>Whether an event is known.</summary>
    /// <param name="dot">The event.</param>
    public bool Covers(Dot dot) => this[dot.Origin] >= dot.Sequence;

    /// <summary>Whether everything that the other clock knows is known.</summary>
    /// <param name="other">The other clock.</param>
    public bool Covers(VectorClock other) => Compare(other) is CausalRelation.Equal or CausalRelation.After;

    /// <summary>
    /// The canonical encoding: equal clocks have equal bytes. See the package's README for the layout.
    /// </summary>
    public byte[] ToArray() => VectorClockFormat.Encode(this);

    /// <inheritdoc/>
    public bool Equals(VectorClock? other) =>
        other is not null && _entries.AsSpan().SequenceEqual(other._entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VectorClock);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var dot in _entries)
        {
            hash.Add(dot);
        }

        return hash.ToHashCode();
    }

    /// <summary>The entries in braces, for people.</summary>
    public override string ToString() => $"{{{string.Join(", ", _entries)}}}";

    /// <summary>Takes entries that are sorted, distinct and in range.</summary>
    internal static VectorClock Adopt(Dot[] entries) => entries.Length switch
    {
        0 => Empty,
        <= MaxEntries => new VectorClock(entries),
        _ => throw new ArgumentException($"A vector clock names at most {MaxEntries} origins.", nameof(entries)),
    };

    // Which of the next entries comes first: negative for ours, positive for theirs, 0 when both name one origin.
    private int OrderAt(VectorClock other, int left, int right) =>
        left == _entries.Length ? 1
        : right == other._entries.Length ? -1
        : Origin.Compare(_entries[left].Origin, other._entries[right].Origin);

    private int Find(Origin origin)
    {
        var (low, high) = (0, _entries.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Origin.Compare(_entries[middle].Origin, origin);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
