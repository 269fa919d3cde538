namespace K1s0.EventStore;

/// <summary>When a store is verified, and against what. Validated when the application starts.</summary>
public sealed class StoreVerificationOptions
{
    /// <summary>How long after the start of the application the store is verified for the first time.</summary>
    /// <value>1 minute by default; 0 to 1 day.</value>
    public TimeSpan FirstAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after the end of one verification the next one begins.</summary>
    /// <value>1 day by default; 1 second to 90 days.</value>
    public TimeSpan Every { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How long it rests after a verification that could not be ended.</summary>
    /// <value>1 minute by default; 100 milliseconds to 1 day.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>What a verification may take of the machine.</summary>
    public StoreVerifierOptions Verifier { get; } = new();

    /// <summary>
    /// Says before each verification what to verify, and what is known from outside of the store.
    /// </summary>
    /// <value>
    /// null by default: the whole store, against the published head and the keys of the store's ledger, if it has one.
    /// </value>
    public Func<CancellationToken, Task<VerificationScope>>? Scope { get; set; }
}
