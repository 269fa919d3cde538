namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>A commit of the first-parent history, with its difference to the first parent.</summary>
internal sealed record Commit
{
    public required string Id { get; init; }

    public required string Author { get; init; }

    /// <summary>Seconds since 1970; git does not promise that it is a time that anybody could have lived at.</summary>
    public required long AuthorTime { get; init; }

    /// <inheritdoc cref="AuthorTime"/>
    public required long CommitTime { get; init; }

    public required string Message { get; init; }

    public required IReadOnlyList<FileChange> Changes { get; init; }
}
