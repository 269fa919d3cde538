namespace K1s0.EventStore.ObjectStores;

/// <summary>What goes wrong with a call.</summary>
public enum ObjectFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The request is lost before it has an effect.</summary>
    LostRequest = 1,

    /// <summary>The answer is lost after the effect.</summary>
    LostAnswer = 2,

    /// <summary>The backend refuses, and repeating does not help.</summary>
    Refused = 3,

    /// <summary>A read of a range gives other bytes than are stored. Whole reads are checked, and so fail.</summary>
    WrongBytes = 4,

    /// <summary>The process ends before the request: <see cref="SimulatedCrashException"/>.</summary>
    CrashBefore = 5,

    /// <summary>The process ends after the effect: <see cref="SimulatedCrashException"/>.</summary>
    CrashAfter = 6,

    /// <summary>
    /// A put meets another one of its key (409), and nobody knows which is first: it takes its effect, or finds the key
    /// taken, only when the next call begins. Other calls meet nobody.
    /// </summary>
    Conflict = 7,
}
