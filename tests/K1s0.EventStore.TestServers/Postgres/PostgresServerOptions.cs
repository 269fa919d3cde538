namespace K1s0.EventStore.TestServers;

/// <summary>How a throw-away server is set up.</summary>
public sealed record PostgresServerOptions
{
    /// <summary>
    /// Whether commits reach the disk before they are acknowledged. Off by default: a test kills processes, not the
    /// machine, and what a process wrote survives it. Benchmarks switch it on.
    /// </summary>
    public bool Fsync { get; init; }

    /// <summary>Whether to listen on a free port of 127.0.0.1 as well. Off by default: the socket needs no port.</summary>
    public bool ListenOnTcp { get; init; }

    /// <summary>Further settings, by name, as in postgresql.conf. They win over ours.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);
}
