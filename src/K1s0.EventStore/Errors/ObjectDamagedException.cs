namespace K1s0.EventStore;

/// <summary>
/// An object of an archive is not what was put there: its bytes do not match the digest that was stored with it.
/// Nothing of it was used.
/// </summary>
public sealed class ObjectDamagedException : EventStoreException
{
    /// <summary>A damaged object.</summary>
    /// <param name="key">The key of the object.</param>
    /// <param name="detail">What does not match, as a sentence.</param>
    /// <param name="innerException">The cause, if there was one.</param>
    public ObjectDamagedException(string key, string detail, Exception? innerException = null)
        : base($"Object {key} is damaged: {detail}", innerException) => (Key, Detail) = (key, detail);

    /// <summary>The key of the object.</summary>
    public string Key { get; }

    /// <summary>What does not match.</summary>
    public string Detail { get; }
}
