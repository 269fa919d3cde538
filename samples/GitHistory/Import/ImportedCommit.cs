namespace K1s0.EventStore.Samples.GitHistory.Import;

/// <summary>A commit, and the position of its last event: the feed up to there is its state.</summary>
internal readonly record struct ImportedCommit(string Id, Position Position);
