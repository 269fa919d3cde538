namespace K1s0.EventStore.TestServers;

/// <summary>Where in relation to a message a connection is cut.</summary>
public enum CutPoint
{
    /// <summary>Nothing of the message is forwarded.</summary>
    Before,

    /// <summary>Half of its bytes are forwarded.</summary>
    Middle,

    /// <summary>All of it is forwarded, and nothing that follows in either direction.</summary>
    After,
}
