using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace K1s0.EventStore.Sync.AspNetCore;

/// <summary>
/// The sessions of one endpoint: at most so many, each until it ends or its peer is silent for too long.
/// </summary>
internal sealed class HttpSyncSessions(
    Func<CancellationToken, Task<ReplicaNode>> openNode,
    SyncEndpointOptions options,
    TimeProvider timeProvider,
    CancellationToken stopping)
{
    private readonly ConcurrentDictionary<string, HttpSyncSession> _sessions = new(StringComparer.Ordinal);
    private int _count;

    public TimeSpan HoldFor => options.HoldFor;

    public TimeProvider Time => timeProvider;

    /// <summary>Begins a session; null when there are too many.</summary>
    public HttpSyncSession? TryBegin(ReplicaId? peer)
    {
        if (Interlocked.Increment(ref _count) > options.MaxSessions || stopping.IsCancellationRequested)
        {
            Interlocked.Decrement(ref _count);
            return null;
        }

        var session = new HttpSyncSession(RandomNumberGenerator.GetHexString(32, lowercase: true), peer);
        _sessions[session.Id] = session;
        session.Completion = RunAsync(session);
        return session;
    }

    public HttpSyncSession? Find(string? id) => id is null ? null : _sessions.GetValueOrDefault(id);

    /// <summary>Somebody was not let in.</summary>
    public void Refused(PeerRefusedException refused) =>
        options.OnEnded?.Invoke(new SyncOutcome(SyncEndReason.NotAuthenticated, refused.Message, Report: null));

    // Awaited by the request that fetches the end of the session, so a server that stops waits for it.
    private async Task RunAsync(HttpSyncSession session)
    {
        SyncOutcome outcome;
        try
        {
            var node = await openNode(stopping).WaitAsync(options.HoldFor, timeProvider, stopping)
                .ConfigureAwait(false);
            outcome = await node.SynchroniseAsync(session, SyncRole.Responder, cancellationToken: stopping)
                .ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever the store threw concerns this session; who mapped the endpoint is told.
            outcome = new SyncOutcome(SyncEndReason.Failed, e.Message, Report: null);
        }

        // What was said last has to reach a peer that asks for it.
        using var fetching = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await Task.WhenAny(session.Outgoing.Completion, Task.Delay(options.HoldFor, timeProvider, fetching.Token))
            .ConfigureAwait(false);
        await fetching.CancelAsync().ConfigureAwait(false);
        session.Close(failure: null);
        _sessions.TryRemove(session.Id, out _);
        Interlocked.Decrement(ref _count);
        options.OnEnded?.Invoke(outcome);
    }
}
