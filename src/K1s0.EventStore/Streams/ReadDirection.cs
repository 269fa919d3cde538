namespace K1s0.EventStore;

/// <summary>Which way a stream is read.</summary>
public enum ReadDirection
{
    /// <summary>Towards higher versions.</summary>
    Forward,

    /// <summary>Towards lower versions.</summary>
    Backward,
}
