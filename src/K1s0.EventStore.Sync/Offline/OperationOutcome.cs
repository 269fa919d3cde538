namespace K1s0.EventStore.Sync;

/// <summary>What became of an operation on the other side.</summary>
public enum OperationOutcome
{
    /// <summary>It has taken effect.</summary>
    Applied,

    /// <summary>It had taken effect before, when it was sent earlier.</summary>
    AlreadyApplied,

    /// <summary>It is refused for good, by the rules of the application: sending it again changes nothing.</summary>
    Rejected,

    /// <summary>The other side failed over it; it may go well the next time.</summary>
    Failed,

    /// <summary>It was not looked at: an operation of the same key before it failed.</summary>
    NotTried,
}
