namespace K1s0.EventStore.TestServers;

/// <summary>How the client learns that its connection is cut.</summary>
public enum CutManner
{
    /// <summary>The connection is reset (RST), as by a crashed machine or a firewall.</summary>
    Reset,

    /// <summary>The connection is closed in order (FIN), as by a process that ended.</summary>
    Close,
}
