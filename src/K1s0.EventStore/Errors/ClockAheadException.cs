using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// What is stored already carries a time so far ahead of the clock that peers would refuse whatever follows it. Nothing
/// was written. The clock is wrong now, or it was wrong before.
/// </summary>
public sealed class ClockAheadException : EventStoreException
{
    /// <summary>A write that is refused.</summary>
    /// <param name="ahead">How far the last time lies ahead of the clock.</param>
    /// <param name="maxDrift">How far it may.</param>
    public ClockAheadException(TimeSpan ahead, TimeSpan maxDrift)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The last event carries a time that is {ahead} ahead of the clock, and {maxDrift} is allowed: peers "
                + $"would refuse what follows it. Set the clock right; where it is right and was wrong before, begin "
                + $"with an empty store and write again what no peer has taken."),
            innerException: null) => (Ahead, MaxDrift) = (ahead, maxDrift);

    /// <summary>How far the last time lies ahead of the clock.</summary>
    public TimeSpan Ahead { get; }

    /// <summary>How far it may.</summary>
    public TimeSpan MaxDrift { get; }

    /// <summary>True: time goes by.</summary>
    public override bool IsTransient => true;
}
