namespace K1s0.EventStore.Postgres;

/// <summary>What is known about an attempt to append that did not succeed.</summary>
internal enum AttemptOutcome
{
    /// <summary>This attempt certainly wrote nothing.</summary>
    NotWritten,

    /// <summary>This attempt wrote nothing, and no earlier one that is still under way can write any more.</summary>
    NeverWritten,

    /// <summary>This attempt wrote nothing, as the month has no partition yet.</summary>
    NoPartition,

    /// <summary>Nobody knows.</summary>
    Unknown,
}
