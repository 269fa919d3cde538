namespace K1s0.EventStore.Sync.AspNetCore;

/// <summary>How an endpoint answers replicas. Read when it is mapped.</summary>
public sealed class SyncEndpointOptions
{
    /// <summary>How many sessions may run at once, 1 to 10,000; further callers are answered with 503.</summary>
    /// <value>64 by default.</value>
    public int MaxSessions { get; set; } = 64;

    /// <summary>
    /// How long a request may wait for something to answer with, 1 to 60 seconds: shorter than anything on the way
    /// waits.
    /// </summary>
    /// <value>10 seconds by default.</value>
    public TimeSpan HoldFor { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Who may call, by the certificate of the connection. The server has to ask for certificates
    /// (<c>ClientCertificateMode.RequireCertificate</c>) and to leave the judgement to this
    /// (<c>AllowAnyClientCertificate</c>).
    /// </summary>
    /// <value>null by default: then the node must have a shared key.</value>
    public PeerCertificates? Peers { get; set; }

    /// <summary>Called at the end of each session, from any thread; must not throw.</summary>
    public Action<SyncOutcome>? OnEnded { get; set; }

    internal void Check(bool requiresSharedKey)
    {
        Range(MaxSessions, 1, 10_000, nameof(MaxSessions));
        Range((long)HoldFor.TotalMilliseconds, 1_000, 60_000, nameof(HoldFor));

        if (Peers is null && !requiresSharedKey)
        {
            throw new ArgumentException(
                $"The node has no shared key, so {nameof(Peers)} has to say who may call.", nameof(requiresSharedKey));
        }
    }

    private static void Range(long value, long least, long most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} to {most}.");
        }
    }
}
