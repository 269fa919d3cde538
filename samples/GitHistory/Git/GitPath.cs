using System.Text;

namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>A path as git keeps it: bytes without an encoding. Compared byte by byte.</summary>
internal sealed record GitPath
{
    // One character a byte, so that the text compares like the bytes and hashes cheaply.
    private readonly string _latin1;

    private GitPath(string latin1) => _latin1 = latin1;

    public static GitPath FromBytes(ReadOnlySpan<byte> bytes) => new(Encoding.Latin1.GetString(bytes));

    public byte[] ToBytes() => Encoding.Latin1.GetBytes(_latin1);

    /// <summary>For people only: what is not UTF-8 is replaced.</summary>
    public override string ToString() => Encoding.UTF8.GetString(ToBytes());
}
