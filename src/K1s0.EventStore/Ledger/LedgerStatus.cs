namespace K1s0.EventStore;

/// <summary>How far the log is behind the events.</summary>
/// <param name="Size">The number of leaves.</param>
/// <param name="SignedSize">The number of leaves under the newest signed head.</param>
/// <param name="Lag">The age of the oldest event that is not sealed, by the store's clock; zero when all are.</param>
public sealed record LedgerStatus(long Size, long SignedSize, TimeSpan Lag);
