namespace K1s0.EventStore.Archive;

/// <summary>What became of a put.</summary>
public enum PutOutcome
{
    /// <summary>The object was stored now.</summary>
    Stored = 0,

    /// <summary>
    /// It was there already, with the same content: by an earlier try of this put, or by somebody else.
    /// </summary>
    AlreadyStored = 1,

    /// <summary>The key holds another content, which stays.</summary>
    Taken = 2,
}
