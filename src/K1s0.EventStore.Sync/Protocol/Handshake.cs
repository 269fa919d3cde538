using System.Security.Cryptography;
using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Sync;

/// <summary>Agrees on a version and lets each side prove that it has the key. Version 1 of the protocol.</summary>
/// <remarks>
/// <code>
/// Hello    1 | "K1SY" | least version | most version | features | nonce, 32 | window       integers canonical
/// Welcome  2 | version | features | nonce, 32 | window | proof, 32
/// Confirm  3 | proof, 32
/// Refuse   4 | least version | most version
///
/// transcript = SHA-256(Hello | Welcome without its proof)
/// proof      = HMAC-SHA256(shared key, "responder" or "initiator" | transcript)     zeros without a shared key
/// seal keys  = HMAC-SHA256(shared key, "seal-responder" or "seal-initiator" | transcript)
/// </code>
/// The transcript holds what each side offered, so an offer that was changed on the way is found by the proof. Features
/// that a side does not know are left out of the answer; bit 0 says that the side has a shared key, and both must say
/// so or neither; bit 1 says that it can repair logs, see RepairFrames; bit 2 that it can read Zstandard: events are
/// compressed with it when both can, and with Brotli otherwise; bit 3 that it takes or gives snapshots, see
/// SnapshotFrames; bit 4 that it knows RoundStrategy and GossipMessage; bit 5 that it knows of logs
/// that begin later, see DoneFrame.
/// </remarks>
internal sealed class Handshake
{
    public const int LeastVersion = 1;
    public const int MostVersion = 1;

    /// <summary>
    /// The most bytes of a frame before both sides have proved themselves, and of the first behind that, which may come
    /// before that is known: gossip and its seal are the largest of these.
    /// </summary>
    public const int MaxFrameBytes = GossipMessage.MaxBytes + 64;

    private const int NonceBytes = 32;
    private const ulong SharedKeyFeature = 1;
    private const ulong RepairFeature = 2;
    private const ulong ZstdFeature = 4;
    private const ulong SnapshotFeature = 8;
    private const ulong LinkFeature = 16;
    private const ulong BeginningsFeature = 32;

    private readonly ReadOnlyMemory<byte> _key;
    private readonly int _window;
    private readonly Action<Span<byte>> _draw;
    private readonly ulong _offered;
    private ulong _agreed;
    private byte[] _hello = [];
    private byte[] _transcript = [];

    public Handshake(SyncOptions options, bool canRepair = false, bool? canReadZstd = null, bool movesSnapshots = false)
    {
        var hasZstd = canReadZstd ?? CompressionCodecs.IsZstdAvailable;
        (_key, _window, _draw) = (options.SharedKey, options.WindowBytes, options.Draw);
        _offered = (_key.IsEmpty ? 0 : SharedKeyFeature) | (canRepair ? RepairFeature : 0)
            | (hasZstd ? ZstdFeature : 0) | (movesSnapshots ? SnapshotFeature : 0)
            | LinkFeature | BeginningsFeature;
    }

    public int Version { get; private set; }

    public int PeerWindow { get; private set; }

    /// <summary>Whether both sides can repair logs.</summary>
    public bool CanRepair => (_agreed & RepairFeature) != 0;

    /// <summary>Whether both sides know how rounds follow the link.</summary>
    public bool CanFollowLink => (_agreed & LinkFeature) != 0;

    /// <summary>Whether both sides know that logs may begin behind the end that a snapshot named.</summary>
    public bool KnowsBeginnings => (_agreed & BeginningsFeature) != 0;

    /// <summary>Whether both sides take or give snapshots.</summary>
    public bool MovesSnapshots => (_agreed & SnapshotFeature) != 0;

    /// <summary>What both sides can read.</summary>
    public ICompressionCodec Codec => (_agreed & ZstdFeature) != 0
        ? CompressionCodecs.OfSystem.For(CompressionFormat.Zstd)
        : CompressionCodecs.OfSystem.For(CompressionFormat.Brotli);

    public void WriteHello(WireWriter frame)
    {
        frame.Byte(FrameType.Hello);
        frame.Bytes("K1SY"u8);
        frame.Integer(LeastVersion);
        frame.Integer(MostVersion);
        frame.Integer(_offered);
        WriteNonce(frame);
        frame.Integer((ulong)_window);
        _hello = frame.Written.ToArray();
    }

    /// <summary>Reads a hello; <see cref="SyncEndReason.Completed"/> when a welcome may follow.</summary>
    public SyncEndReason ReadHello(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        if (reader.Byte() != FrameType.Hello || !reader.Bytes(4).SequenceEqual("K1SY"u8))
        {
            return SyncEndReason.ProtocolBroken;
        }

        var (least, most) = (reader.Integer(), reader.Integer());
        if (!reader.IsBroken && (least > MostVersion || most < LeastVersion))
        {
            return SyncEndReason.VersionRefused;
        }

        Version = (int)Math.Min(most, MostVersion);
        var features = reader.Integer();
        reader.Bytes(NonceBytes);
        PeerWindow = ReadWindow(ref reader);
        reader.End();
        (_hello, _agreed) = (frame.ToArray(), features & _offered);
        return reader.IsBroken ? SyncEndReason.ProtocolBroken
            : !AgreesOnKey(features) ? SyncEndReason.NotAuthenticated
            : SyncEndReason.Completed;
    }

    public void WriteWelcome(WireWriter frame)
    {
        frame.Byte(FrameType.Welcome);
        frame.Integer((ulong)Version);
        frame.Integer(_agreed);
        WriteNonce(frame);
        frame.Integer((ulong)_window);
        _transcript = SHA256.HashData([.. _hello, .. frame.Written]);
        frame.Bytes(Proof("responder"u8));
    }

    public static void WriteRefuse(WireWriter frame)
    {
        frame.Byte(FrameType.Refuse);
        frame.Integer(LeastVersion);
        frame.Integer(MostVersion);
    }

    /// <summary>Reads the answer to a hello; <see cref="SyncEndReason.Completed"/> when a confirm may follow.</summary>
    public SyncEndReason ReadWelcome(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        var type = reader.Byte();
        if (type == FrameType.Refuse)
        {
            return SyncEndReason.VersionRefused;
        }

        var version = reader.Integer();
        var features = reader.Integer();
        reader.Bytes(NonceBytes);
        PeerWindow = ReadWindow(ref reader);
        var proof = reader.Bytes(SHA256.HashSizeInBytes);
        reader.End();
        if (type != FrameType.Welcome || reader.IsBroken)
        {
            return SyncEndReason.ProtocolBroken;
        }

        if (version is < LeastVersion or > MostVersion)
        {
            return SyncEndReason.VersionRefused;
        }

        (Version, _agreed) = ((int)version, features);
        _transcript = SHA256.HashData([.. _hello, .. frame[..^SHA256.HashSizeInBytes]]);
        return AgreesOnKey(features) && (features & ~_offered) == 0
            && CryptographicOperations.FixedTimeEquals(proof, Proof("responder"u8))
            ? SyncEndReason.Completed
            : SyncEndReason.NotAuthenticated;
    }

    public void WriteConfirm(WireWriter frame)
    {
        frame.Byte(FrameType.Confirm);
        frame.Bytes(Proof("initiator"u8));
    }

    public SyncEndReason ReadConfirm(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        var type = reader.Byte();
        var proof = reader.Bytes(SHA256.HashSizeInBytes);
        reader.End();
        return type != FrameType.Confirm || reader.IsBroken ? SyncEndReason.ProtocolBroken
            : CryptographicOperations.FixedTimeEquals(proof, Proof("initiator"u8)) ? SyncEndReason.Completed
            : SyncEndReason.NotAuthenticated;
    }

    /// <summary>The seal of all further frames; null when the transport authenticates.</summary>
    public FrameSeal? Seal(SyncRole role)
    {
        if (_key.IsEmpty)
        {
            return null;
        }

        var (responder, initiator) = (Proof("seal-responder"u8), Proof("seal-initiator"u8));
        return role is SyncRole.Initiator ? new FrameSeal(initiator, responder) : new FrameSeal(responder, initiator);
    }

    private void WriteNonce(WireWriter frame)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        _draw(nonce);
        frame.Bytes(nonce);
    }

    private bool AgreesOnKey(ulong features) => ((features ^ _offered) & SharedKeyFeature) == 0;

    private static int ReadWindow(ref WireReader reader)
    {
        var window = reader.Integer();
        if (window is < 1024 or > int.MaxValue)
        {
            reader.Break("a window is out of range.");
            return 0;
        }

        return (int)window;
    }

    private byte[] Proof(ReadOnlySpan<byte> label) => _key.IsEmpty
        ? new byte[SHA256.HashSizeInBytes]
        : HMACSHA256.HashData(_key.Span, [.. label, .. _transcript]);
}
