using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// How many events a stream holds, and so the version of its last event: the first event is 1, without gaps. The
/// default value, 0, means that there is no stream.
/// </summary>
public readonly record struct StreamVersion : IComparable<StreamVersion>
{
    /// <summary>A version.</summary>
    /// <param name="value">0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public StreamVersion(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Value = value;
    }

    /// <summary>There is no stream.</summary>
    public static StreamVersion None => default;

    /// <summary>The number.</summary>
    public long Value { get; }

    /// <summary>Whether the left version comes before the right one.</summary>
    public static bool operator <(StreamVersion left, StreamVersion right) => left.Value < right.Value;

    /// <summary>Whether the left version comes after the right one.</summary>
    public static bool operator >(StreamVersion left, StreamVersion right) => left.Value > right.Value;

    /// <summary>Whether the left version does not come after the right one.</summary>
    public static bool operator <=(StreamVersion left, StreamVersion right) => left.Value <= right.Value;

    /// <summary>Whether the left version does not come before the right one.</summary>
    public static bool operator >=(StreamVersion left, StreamVersion right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(StreamVersion other) => Value.CompareTo(other.Value);

    /// <summary>The number, in digits.</summary>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
