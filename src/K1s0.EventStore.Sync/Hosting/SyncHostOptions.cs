using System.Net;

namespace K1s0.EventStore.Sync;

/// <summary>How an application takes part in synchronisation. Validated when it starts.</summary>
public sealed class SyncHostOptions
{
    /// <summary>The node: limits, keys, rights, and what is told of new events.</summary>
    public ReplicaNodeOptions Node { get; set; } = new();

    /// <summary>The peers that are called; names differ. At most 1,000.</summary>
    public IList<SyncPeer> Peers { get; } = [];

    /// <summary>Where peers are answered over TCP; port 0 for a free one.</summary>
    /// <value>null by default: nobody is answered over TCP.</value>
    public IPEndPoint? ListenOn { get; set; }

    /// <summary>Who may call over TCP, by certificate.</summary>
    /// <value>null by default: connections are not encrypted, and the node needs a shared key.</value>
    public PeerTls? ListenWith { get; set; }

    /// <summary>How the node finds others and hears of news; set it to take part in gossip.</summary>
    /// <value>null by default: only <see cref="Peers"/> are called, each in its interval.</value>
    public GossipOptions? Gossip { get; set; }

    /// <summary>How many sessions are answered over TCP at once, 1 to 10,000.</summary>
    /// <value>64 by default.</value>
    public int MaxSessions { get; set; } = TcpSyncListener.DefaultMaxSessions;

    /// <summary>How long after a whole round a peer is called again, 1 s to 1 day; a tenth more or less.</summary>
    /// <value>30 seconds by default.</value>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long after a first failure a peer is called again, 100 ms to 1 hour; twice as long after each further one,
    /// and each time a random part of the second half less.
    /// </summary>
    /// <value>1 second by default.</value>
    public TimeSpan MinBackoff { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between two calls of a peer that fails, 100 ms to 1 day.</summary>
    /// <value>5 minutes by default.</value>
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Called after each try with a peer, from any thread; must be quick and must not throw.
    /// <see cref="SyncHost.Peers"/> says the same at any time.
    /// </summary>
    public Action<SyncPeerStatus>? OnStatus { get; set; }

    /// <summary>
    /// From which time without a whole round with some peer on the health check says degraded, 1 s to 365 days.
    /// </summary>
    /// <value>10 minutes by default.</value>
    public TimeSpan MaxLag { get; set; } = TimeSpan.FromMinutes(10);
}
