namespace K1s0.EventStore.Sync;

/// <summary>How far the teller holds a log, and the first 8 bytes of the hash at that place.</summary>
internal readonly record struct HeadNews(Dot Last, ulong Hash);
