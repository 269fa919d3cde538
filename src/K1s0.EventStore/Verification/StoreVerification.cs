namespace K1s0.EventStore;

/// <summary>What the verification of a store found. Immutable.</summary>
public sealed record StoreVerification
{
    /// <summary>
    /// The findings in the order in which they were made, at most <see cref="StoreVerifierOptions.MaxFindings"/>.
    /// </summary>
    public required IReadOnlyList<StoreFinding> Findings { get; init; }

    /// <summary>How many findings there were, those that are not kept included.</summary>
    public required long FindingCount { get; init; }

    /// <summary>The events that were verified.</summary>
    public required long Events { get; init; }

    /// <summary>The streams that they belong to.</summary>
    public required long Streams { get; init; }

    /// <summary>The bytes of their payloads and metadata.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many of the events were compared with the log; 0 without a ledger.</summary>
    public required long SealedLeaves { get; init; }

    /// <summary>Up to which position the feed was verified.</summary>
    public required Position VerifiedTo { get; init; }

    /// <summary>How often the feed was read.</summary>
    public required int Passes { get; init; }

    /// <summary>
    /// What it cost to read archived events from the feed; null when all came from the database.
    /// </summary>
    public ArchiveScan? Archive { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsValid => FindingCount == 0;

    /// <summary>The verification in one line.</summary>
    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{Events} events of {Streams} streams up to position {VerifiedTo}, {SealedLeaves} of them in the log: "
        + $"{(IsValid ? "all as they were appended" : $"{FindingCount} findings")}");
}
