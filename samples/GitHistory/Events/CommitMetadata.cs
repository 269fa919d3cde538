namespace K1s0.EventStore.Samples.GitHistory.Events;

/// <summary>The circumstances of an event. The store knows actor and correlation id, the rest is ours.</summary>
internal sealed record CommitMetadata
{
    public required string Actor { get; init; }

    /// <summary>The commit's id: what all of its events have in common.</summary>
    public required string CorrelationId { get; init; }

    public required long AuthorTime { get; init; }

    public required long CommitTime { get; init; }

    public required string Message { get; init; }
}
