using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// The place of an event among all events of a store: strictly increasing in the order of the feed, never reused, with
/// gaps. The default value, 0, is before the first event.
/// </summary>
public readonly record struct Position : IComparable<Position>
{
    /// <summary>A position.</summary>
    /// <param name="value">0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public Position(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Value = value;
    }

    /// <summary>Before the first event.</summary>
    public static Position Start => default;

    /// <summary>The number.</summary>
    public long Value { get; }

    /// <summary>Whether the left position comes before the right one.</summary>
    public static bool operator <(Position left, Position right) => left.Value < right.Value;

    /// <summary>Whether the left position comes after the right one.</summary>
    public static bool operator >(Position left, Position right) => left.Value > right.Value;

    /// <summary>Whether the left position does not come after the right one.</summary>
    public static bool operator <=(Position left, Position right) => left.Value <= right.Value;

    /// <summary>Whether the left position does not come before the right one.</summary>
    public static bool operator >=(Position left, Position right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(Position other) => Value.CompareTo(other.Value);

    /// <summary>The number, in digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
