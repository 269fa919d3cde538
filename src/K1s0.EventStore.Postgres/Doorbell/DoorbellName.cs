namespace K1s0.EventStore.Postgres;

/// <summary>
/// What is sent when somebody rings: the store's schema, a slash, and who rings. Whoever rings has been told already,
/// and need not hear it.
/// </summary>
internal sealed class DoorbellName(string schema, TimeProvider timeProvider)
{
    private readonly string _store = $"{schema}/";

    /// <summary>What this process sends.</summary>
    public string Own { get; } = $"{schema}/{Guid.CreateVersion7(timeProvider.GetUtcNow()):N}";

    /// <summary>Whether somebody else has rung for this store.</summary>
    public bool IsForUs(string payload) =>
        payload.StartsWith(_store, StringComparison.Ordinal) && !string.Equals(payload, Own, StringComparison.Ordinal);
}
