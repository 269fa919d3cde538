namespace K1s0.EventStore;

/// <summary>
/// The right to do something alone for a while. It ends by itself: whoever holds it renews it in time, or stops.
/// </summary>
/// <param name="Name">What it is the right to.</param>
/// <param name="Owner">Who acquired it, for people to read.</param>
/// <param name="Epoch">
/// The fencing token, raised by every acquisition and never reused: what is written under the lease is written only if
/// the epoch still counts where it is written.
/// </param>
/// <param name="ExpiresAt">
/// When it ends, by the store's clock. Do not compare it with another clock: ask the store.
/// </param>
public sealed record Lease(string Name, string Owner, long Epoch, DateTimeOffset ExpiresAt)
{
    /// <summary>The shortest duration: 1 second.</summary>
    public static TimeSpan ShortestDuration { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest duration: 1 hour.</summary>
    public static TimeSpan LongestDuration { get; } = TimeSpan.FromHours(1);

    /// <summary>Refuses a duration that is out of its range; every lease store applies it.</summary>
    /// <param name="duration">The duration.</param>
    /// <param name="parameterName">The parameter to report.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is too short or too long.</exception>
    public static void CheckDuration(TimeSpan duration, string parameterName)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, ShortestDuration, parameterName);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(duration, LongestDuration, parameterName);
    }
}
