using System.Buffers.Binary;
using System.Security.Cryptography;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Seals frames with a tag behind them: the first 16 bytes of HMAC-SHA256(key of the direction, number of the frame,
/// frame). A frame that was changed, repeated, left out or moved does not open.
/// </summary>
internal sealed class FrameSeal(byte[] sendKey, byte[] receiveKey) : IDisposable
{
    public const int TagBytes = 16;

    private readonly IncrementalHash _sender = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, sendKey);
    private readonly IncrementalHash _receiver = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, receiveKey);
    private long _sent;
    private long _received;

    public byte[] Seal(ReadOnlySpan<byte> frame)
    {
        var sealedFrame = new byte[frame.Length + TagBytes];
        frame.CopyTo(sealedFrame);
        WriteTag(_sender, _sent++, frame, sealedFrame.AsSpan(frame.Length));
        return sealedFrame;
    }

    public bool TryOpen(ReadOnlyMemory<byte> sealedFrame, out ReadOnlyMemory<byte> frame)
    {
        frame = sealedFrame[..Math.Max(0, sealedFrame.Length - TagBytes)];
        if (frame.IsEmpty)
        {
            return false;
        }

        Span<byte> tag = stackalloc byte[TagBytes];
        WriteTag(_receiver, _received++, frame.Span, tag);
        return CryptographicOperations.FixedTimeEquals(tag, sealedFrame.Span[frame.Length..]);
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }

    private static void WriteTag(IncrementalHash hash, long number, ReadOnlySpan<byte> frame, Span<byte> tag)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        Span<byte> whole = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(counter, number);
        hash.AppendData(counter);
        hash.AppendData(frame);
        hash.GetHashAndReset(whole);
        whole[..TagBytes].CopyTo(tag);
    }
}
