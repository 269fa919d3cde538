namespace K1s0.EventStore.Samples.GitHistory.Import;

internal readonly record struct ImportProgress(int Commits, long Events);
