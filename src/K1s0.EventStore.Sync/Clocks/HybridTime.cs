using System.Globalization;

namespace K1s0.EventStore.Sync;

/// <summary>
/// A time of a hybrid logical clock: milliseconds since 1970-01-01 UTC in the upper 47 bits, a counter in the lower 16.
/// It is near the wall clock and never runs against causality. The default value, 0, comes before every event.
/// </summary>
public readonly record struct HybridTime : IComparable<HybridTime>
{
    private const int CounterBits = 16;

    /// <summary>A time.</summary>
    /// <param name="value">0 or more; milliseconds times 65,536, and the counter.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public HybridTime(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Value = value;
    }

    /// <summary>Milliseconds and counter in one number.</summary>
    public long Value { get; }

    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    public long UnixMilliseconds => Value >> CounterBits;

    /// <summary>The counter: 0 to 65,535.</summary>
    public int Counter => (int)(Value & ((1 << CounterBits) - 1));

    /// <summary>The milliseconds as a time, up to the year 6429.</summary>
    public DateTimeOffset WallTime => DateTimeOffset.FromUnixTimeMilliseconds(UnixMilliseconds);

    /// <summary>Whether the left time comes before the right one.</summary>
    public static bool operator <(HybridTime left, HybridTime right) => left.Value < right.Value;

    /// <summary>Whether the left time comes after the right one.</summary>
    public static bool operator >(HybridTime left, HybridTime right) => left.Value > right.Value;

    /// <summary>Whether the left time does not come after the right one.</summary>
    public static bool operator <=(HybridTime left, HybridTime right) => left.Value <= right.Value;

    /// <summary>Whether the left time does not come before the right one.</summary>
    public static bool operator >=(HybridTime left, HybridTime right) => left.Value >= right.Value;

    /// <summary>The first time of a millisecond; times before 1970 count as 1970.</summary>
    /// <param name="time">A wall time.</param>
    public static HybridTime FromWallTime(DateTimeOffset time) =>
        new(Math.Clamp(time.ToUnixTimeMilliseconds(), 0, long.MaxValue >> CounterBits) << CounterBits);

    /// <inheritdoc/>
    public int CompareTo(HybridTime other) => Value.CompareTo(other.Value);

    /// <summary>The wall time in ISO 8601 and the counter.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{WallTime.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}+{Counter}");
}
