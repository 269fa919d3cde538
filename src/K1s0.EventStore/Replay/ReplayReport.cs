namespace K1s0.EventStore;

/// <summary>What a replay came to.</summary>
public sealed record ReplayReport
{
    /// <summary>How it ended.</summary>
    public required ReplayOutcome Outcome { get; init; }

    /// <summary>Whether no handler was called: the counts say what would have been handled.</summary>
    public required bool WasDryRun { get; init; }

    /// <summary>
    /// The last event that everything is finished up to; null when there is none. <see
    /// cref="ReplaySelection.Behind"/> goes on with the next one. After a stop with several lanes, some events behind
    /// it were handled already.
    /// </summary>
    public required ReplayPlace? Reached { get; init; }

    /// <summary>Whether the limit of the selection ended it; there may be more behind the place reached.</summary>
    public required bool IsLimitReached { get; init; }

    /// <summary>Events that every handler that takes them has handled.</summary>
    public required long HandledEvents { get; init; }

    /// <summary>Events of a type that no handler takes.</summary>
    public required long UnhandledEvents { get; init; }

    /// <summary>Events that failed, corrupted ones included.</summary>
    public required long FailedEvents { get; init; }

    /// <summary>Events whose bytes are not those that the stored digest was made of.</summary>
    public required long CorruptedEvents { get; init; }

    /// <summary>Attempts that failed and were repeated.</summary>
    public required long Retries { get; init; }

    /// <summary>Handled events by type, for the first 1,000 types.</summary>
    public required IReadOnlyDictionary<string, long> HandledByType { get; init; }

    /// <summary>The failures, in the order in which they happened, up to the most that the options allow.</summary>
    public required IReadOnlyList<ReplayFailure> Failures { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>How much of that was waiting for the store.</summary>
    public required TimeSpan ReadTime { get; init; }

    /// <summary>
    /// What it cost to read from the archive; null when all came from the database. Of a replay of one stream only the
    /// telemetry of the archive says it.
    /// </summary>
    public ArchiveScan? Archive { get; init; }

    /// <summary>What the process allocated meanwhile, in bytes.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>The most bytes that were seen on the managed heap of the process; looked at after each page.</summary>
    public required long PeakHeapBytes { get; init; }

    /// <summary>What each handler did, in the order of the handlers.</summary>
    public required IReadOnlyList<ReplayHandlerTrace> Handlers { get; init; }

    /// <summary>The slowest steps, the slowest first.</summary>
    public required IReadOnlyList<ReplayStep> SlowestSteps { get; init; }
}
