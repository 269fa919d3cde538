namespace K1s0.EventStore.Sync;

/// <summary>What a participant answers when it is asked to prepare.</summary>
/// <param name="IsYes">
/// Whether it has made the intents durable: from now on it can commit, and does nothing else until it is told.
/// </param>
/// <param name="Reason">Why not, as a sentence; null for a yes.</param>
public sealed record TransactionVote(bool IsYes, string? Reason)
{
    /// <summary>It is prepared.</summary>
    public static TransactionVote Yes { get; } = new(true, null);

    /// <summary>It refuses, and has kept nothing.</summary>
    /// <param name="reason">Why, as a sentence.</param>
    public static TransactionVote No(string reason) => new(false, reason);
}
