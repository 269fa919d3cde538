namespace K1s0.EventStore;

/// <summary>How a replay ended.</summary>
public enum ReplayOutcome
{
    /// <summary>It went through the whole selection.</summary>
    Completed,

    /// <summary>It ended before an event that failed; what came before stays.</summary>
    Stopped,

    /// <summary>It failed, and the target is as it was.</summary>
    RolledBack,

    /// <summary>The target could neither keep nor undo the effects; what it holds is not known.</summary>
    Unknown,
}
