namespace K1s0.EventStore.TestServers;

/// <summary>How a throw-away PgBouncer is set up.</summary>
public sealed record PgBouncerOptions
{
    /// <summary>How many connections to the server it keeps for a database; 4 by default.</summary>
    public int PoolSize { get; init; } = 4;

    /// <summary>When a client gives its server connection back: transaction (the default), session or statement.</summary>
    public string PoolMode { get; init; } = "transaction";
}
