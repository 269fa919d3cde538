namespace K1s0.EventStore.Sync;

/// <summary>How a transaction stands, as far as the one who is asked can say for certain.</summary>
public enum TransactionStatus
{
    /// <summary>It is not decided, or not known here: ask again, or ask somebody else.</summary>
    Undecided,

    /// <summary>It is committed.</summary>
    Committed,

    /// <summary>It is aborted, and will never be anything else.</summary>
    Aborted,
}
