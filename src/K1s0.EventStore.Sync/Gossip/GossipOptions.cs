namespace K1s0.EventStore.Sync;

/// <summary>
/// How a node takes part in gossip: it learns of the other nodes of the group, which of them can be reached, and which
/// have news. Gossip only makes rounds come sooner: what it misses, the calls of <see cref="SyncHostOptions.Peers"/>
/// find.
/// </summary>
public sealed class GossipOptions
{
    /// <summary>The most bytes of an address in UTF-8: 128.</summary>
    public const int MaxAddressBytes = 128;

    /// <summary>
    /// Where others reach this node, in the words that <see cref="ConnectAsync"/> understands; at most
    /// <see cref="MaxAddressBytes"/>. One that nobody else has.
    /// </summary>
    /// <value>Empty by default: the node calls others, and nobody is told to call it.</value>
    public string Address { get; set; } = string.Empty;

    /// <summary>
    /// Opens a connection to an address that a member has told, for example one of <c>host:port</c> with
    /// <see cref="TcpSyncListener"/>. A member may tell any address, so refuse, by throwing, what cannot be one of
    /// yours.
    /// </summary>
    public Func<string, CancellationToken, Task<ISyncTransport>>? ConnectAsync { get; set; }

    /// <summary>
    /// Addresses that are known from the start, at most 1,000, spelled as the members tell them; never forgotten. One
    /// that answers is enough.
    /// </summary>
    public IList<string> Seeds { get; } = [];

    /// <summary>
    /// How long between two calls of this node to some member, 100 ms to 1 hour; a tenth more or less.
    /// </summary>
    /// <value>1 second by default.</value>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>After how long a call that was not answered has failed, 10 ms to 1 minute.</summary>
    /// <value>2 seconds by default.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How many sessions this node runs at once because of news, 1 to 100.</summary>
    /// <value>2 by default.</value>
    public int MaxSessions { get; set; } = 2;

    /// <summary>How many sessions because of news this node grants to callers in a second, 0.1 to 10,000.</summary>
    /// <value>4 by default; after a quiet time, five seconds' worth at once.</value>
    public double GrantsPerSecond { get; set; } = 4;
}
