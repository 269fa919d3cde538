namespace K1s0.EventStore.TestServers;

/// <summary>Who sends a message, in PostgreSQL's words.</summary>
public enum MessageDirection
{
    /// <summary>From the client to the server.</summary>
    Frontend,

    /// <summary>From the server to the client.</summary>
    Backend,
}
