using System.Collections.Frozen;
using System.Net;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The node of an application, and how it stands with its peers. Made by <c>AddSync</c>, which also opens the node and
/// calls the peers as long as the application runs. Thread-safe.
/// </summary>
public sealed class SyncHost : IDisposable
{
    private readonly FrozenDictionary<string, PeerCalls> _calls;
    private readonly TaskCompletionSource<ReplicaNode> _node =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile ReplicaNode? _opened;

    internal SyncHost(SyncHostOptions options, TimeProvider time)
    {
        RequiresSharedKey = !options.Node.Sync.SharedKey.IsEmpty;
        _calls = options.Peers.ToFrozenDictionary(
            peer => peer.Name, peer => new PeerCalls(peer, time, options.OnStatus), StringComparer.Ordinal);
    }

    /// <summary>Whether callers have to prove that they have the shared key.</summary>
    public bool RequiresSharedKey { get; }

    /// <summary>Where peers are answered over TCP; null while nobody is.</summary>
    public IPEndPoint? LocalEndPoint { get; internal set; }

    /// <summary>How it stands with each peer that is called.</summary>
    public IReadOnlyList<SyncPeerStatus> Peers => [.. _calls.Values.Select(calls => calls.Status)];

    /// <summary>
    /// The members of the group that gossip knows, this one aside; at most 70 beside the seeds. Empty without gossip.
    /// </summary>
    public IReadOnlyList<MemberStatus> Members => _opened?.Gossip?.Members ?? [];

    internal IEnumerable<PeerCalls> Calls => _calls.Values;

    /// <summary>Whether the node has been opened.</summary>
    internal bool IsOpen => _node.Task.IsCompletedSuccessfully;

    /// <summary>The node, as soon as it has been opened.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="OperationCanceledException">The application stopped before, or the caller gave up.</exception>
    public Task<ReplicaNode> GetNodeAsync(CancellationToken cancellationToken = default) =>
        _node.Task.WaitAsync(cancellationToken);

    /// <summary>
    /// Calls all peers without waiting for their time, for example when there is a network again. A session that is
    /// under way is followed by another.
    /// </summary>
    public void SynchroniseNow()
    {
        foreach (var calls in _calls.Values)
        {
            calls.Wake();
        }
    }

    /// <summary>Gives the node up; its store stays.</summary>
    public void Dispose()
    {
        _node.TrySetCanceled();
        _opened?.Dispose();
    }

    internal void Opened(ReplicaNode node)
    {
        _opened = node;
        if (!_node.TrySetResult(node))
        {
            node.Dispose();
        }
    }
}
