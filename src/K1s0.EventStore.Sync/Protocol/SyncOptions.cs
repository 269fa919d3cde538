namespace K1s0.EventStore.Sync;

/// <summary>How replicas talk. Read when a session begins.</summary>
public sealed class SyncOptions
{
    /// <summary>The fewest bytes of a shared key: 32.</summary>
    public const int LeastKeyBytes = 32;

    /// <summary>The most bytes of one frame: 2 MiB, fixed by the protocol.</summary>
    public const int MaxFrameBytes = 2 * 1024 * 1024;

    /// <summary>The most bytes of one event's payload that replicas exchange: 1 MiB, fixed by the protocol.</summary>
    public const int MaxPayloadBytes = 1024 * 1024;

    /// <summary>The most bytes of one event's metadata that replicas exchange: 32 KiB, fixed by the protocol.</summary>
    public const int MaxMetadataBytes = 32 * 1024;

    /// <summary>
    /// The secret that all replicas of a group share, at least 32 random bytes. Each side proves that it has it before
    /// anything is said about data, and every frame is sealed with a key derived from it. Frames are not encrypted.
    /// </summary>
    /// <value>
    /// Empty by default: then the transport must have authenticated both sides, for example <c>SslStream</c> with
    /// certificates of both, and <see cref="IsTransportAuthenticated"/> must say so.
    /// </value>
    public ReadOnlyMemory<byte> SharedKey { get; set; }

    /// <summary>Whether the transport has authenticated both sides, so that no shared key is needed.</summary>
    /// <value>False by default.</value>
    public bool IsTransportAuthenticated { get; set; }

    /// <summary>
    /// What a peer may be given, and what is taken from it; asked when a session begins, with the replica that the
    /// transport has proved to be there, or null. A shared key alone says that the peer is a member, not which one.
    /// </summary>
    /// <value>null by default: every member may everything.</value>
    public Func<ReplicaId?, PeerRights>? RightsOf { get; set; }

    /// <summary>How many bytes of events a peer may have sent before they are durable here, 64 KiB to 64 MiB.</summary>
    /// <value>1 MiB by default.</value>
    public int WindowBytes { get; set; } = 1024 * 1024;

    /// <summary>About how many bytes of events go into one frame, 1 KiB to 1 MiB.</summary>
    /// <value>128 KiB by default.</value>
    public int BatchBytes { get; set; } = 128 * 1024;

    /// <summary>How many events go into one frame, 1 to 10,000.</summary>
    /// <value>1,000 by default.</value>
    public int BatchEvents { get; set; } = 1_000;

    /// <summary>
    /// How long the peer may be silent when it is its turn, or may not take a frame that is sent to it, 1 s to 1 h.
    /// </summary>
    /// <value>30 seconds by default.</value>
    public TimeSpan PeerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a caller may take to prove that it may call, at most <see cref="PeerTimeout"/>, 1 s to 5 min. Before
    /// that it sends frames of at most 1,088 bytes.
    /// </summary>
    /// <value>10 seconds by default.</value>
    public TimeSpan AuthenticationTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Which streams are critical: over a link that was measured to be slow their events go ahead of all others. They
    /// are told to <see cref="ReplicaNodeOptions.OnAhead"/> then, and become part of the history in their turn. Called
    /// for every event that a peer lacks; must be quick, must not throw, and must always say the same.
    /// </summary>
    /// <value>null by default: no stream is, and the order is the same over every link.</value>
    public Func<StreamId, bool>? IsCritical { get; set; }

    /// <summary>
    /// For how long the rest may be limited by events that go ahead, round after round, 1 s to 365 days. After that a
    /// round brings everything in its usual order.
    /// </summary>
    /// <value>1 hour by default.</value>
    public TimeSpan MaxDeferral { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Where nonces, ids and incarnations are drawn from: a cryptographic source.</summary>
    internal Action<Span<byte>> Draw { get; set; } = System.Security.Cryptography.RandomNumberGenerator.Fill;

    internal ulong DrawNumber()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Draw(bytes);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    internal SyncOptions Checked()
    {
        Range(WindowBytes, 64 * 1024, 64 * 1024 * 1024, nameof(WindowBytes));
        Range(BatchBytes, 1024, 1024 * 1024, nameof(BatchBytes));
        Range(BatchEvents, 1, EventBatchFormat.MaxEvents, nameof(BatchEvents));
        Range((long)PeerTimeout.TotalSeconds, 1, 3_600, nameof(PeerTimeout));
        Range((long)AuthenticationTimeout.TotalSeconds, 1, 300, nameof(AuthenticationTimeout));
        Range((long)MaxDeferral.TotalSeconds, 1, 365 * 86_400, nameof(MaxDeferral));
        CheckKey(SharedKey, IsTransportAuthenticated);
        return (SyncOptions)MemberwiseClone();
    }

    private static void CheckKey(ReadOnlyMemory<byte> sharedKey, bool isTransportAuthenticated)
    {
        if (sharedKey.Length < LeastKeyBytes && !(sharedKey.IsEmpty && isTransportAuthenticated))
        {
            throw new ArgumentException(
                $"{nameof(SharedKey)} needs at least {LeastKeyBytes} bytes, or {nameof(IsTransportAuthenticated)}.",
                nameof(sharedKey));
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
