namespace K1s0.EventStore.Samples.GitHistory.Import;

/// <summary>A commit of the history and the position of its last event: the feed up to there is the state at that commit.</summary>
internal readonly record struct ImportedCommit(string Id, Position Position);
