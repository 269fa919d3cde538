using System.Net;

namespace K1s0.EventStore.Sync;

/// <summary>A peer that is called, again and again.</summary>
public sealed class SyncPeer
{
    /// <summary>A peer that is reached in a way of your own.</summary>
    /// <param name="name">What it is called in logs, metrics and states; not empty, one for each peer.</param>
    /// <param name="connectAsync">Opens a connection. What it throws counts as a peer that cannot be reached.</param>
    public SyncPeer(string name, Func<CancellationToken, Task<ISyncTransport>> connectAsync)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(connectAsync);
        (Name, ConnectAsync) = (name, connectAsync);
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    internal Func<CancellationToken, Task<ISyncTransport>> ConnectAsync { get; }

    /// <summary>A peer that listens with a <see cref="TcpSyncListener"/>; the connection is not encrypted.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="endpoint">Where it listens.</param>
    public static SyncPeer Tcp(string name, EndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new SyncPeer(name, token => TcpSyncListener.ConnectAsync(endpoint, token));
    }

    /// <summary>A peer that listens with a <see cref="TcpSyncListener"/> over TLS.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="endpoint">Where it listens.</param>
    /// <param name="tls">The certificates.</param>
    /// <param name="replica">The replica that is to answer; null for any whose certificate is accepted.</param>
    public static SyncPeer Tcp(string name, EndPoint endpoint, PeerTls tls, ReplicaId? replica = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(tls);
        return new SyncPeer(name, token => TcpSyncListener.ConnectAsync(endpoint, tls, replica, token));
    }

    /// <summary>A peer that answers over HTTP.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="endpoint">Where it answers.</param>
    /// <param name="http">Sends the requests; stays the caller's.</param>
    /// <param name="replica">Whom the client lets through, when its handler checks that.</param>
    public static SyncPeer Http(string name, Uri endpoint, HttpClient http, ReplicaId? replica = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(http);
        return new SyncPeer(
            name, _ => Task.FromResult<ISyncTransport>(new HttpSyncTransport(http, endpoint, replica)));
    }
}
