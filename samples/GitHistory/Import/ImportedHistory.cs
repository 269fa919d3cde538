namespace K1s0.EventStore.Samples.GitHistory.Import;

/// <summary>What is in the store after an import.</summary>
internal sealed record ImportedHistory
{
    /// <summary>All commits of the first-parent history, oldest first, those without a changed file too.</summary>
    public required IReadOnlyList<ImportedCommit> Commits { get; init; }

    /// <summary>How many events each stream has.</summary>
    public required IReadOnlyDictionary<StreamId, long> Streams { get; init; }

    /// <summary>How many events this run appended.</summary>
    public required long AppendedEvents { get; init; }

    /// <summary>The bytes of payload and metadata that this run appended.</summary>
    public required long AppendedBytes { get; init; }

    /// <summary>How many calls it took.</summary>
    public required long Appends { get; init; }
}
