namespace K1s0.EventStore;

/// <summary>
/// A checkpoint belongs to another store, or to another life of this store (before a restore). Nothing was written.
/// </summary>
public sealed class StoreIdentityException : EventStoreException
{
    /// <summary>A checkpoint of another store.</summary>
    /// <param name="expected">The store at hand.</param>
    /// <param name="found">The store that the checkpoint names.</param>
    public StoreIdentityException(StoreIdentity expected, StoreIdentity found)
        : base(
            $"The checkpoint belongs to store {found}, but this is store {expected}. Positions do not carry over.",
            innerException: null)
    {
        Expected = expected;
        Found = found;
    }

    /// <summary>The store at hand.</summary>
    public StoreIdentity Expected { get; }

    /// <summary>The store that the checkpoint names.</summary>
    public StoreIdentity Found { get; }
}
