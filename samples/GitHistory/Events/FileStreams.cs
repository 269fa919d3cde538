using System.Security.Cryptography;
using System.Text;
using K1s0.EventStore.Samples.GitHistory.Git;

namespace K1s0.EventStore.Samples.GitHistory.Events;

/// <summary>Gives every path a stream of its own, whatever bytes it is made of.</summary>
/// <remarks>
/// A path that is plain text is its own name. A byte that is not valid UTF-8, a control character and the percent sign
/// itself become <c>%XX</c>, which can be turned back. What is then too long for a name is cut, and ends in <c>%~</c>
/// and the SHA-256 of the path: no other name contains <c>%~</c>, so two paths never share a stream.
/// </remarks>
internal static class FileStreams
{
    public const string StreamType = "file";

    private const string DigestMark = "%~";
    private const int DigestCharacters = 2 * SHA256.HashSizeInBytes;

    public static StreamId StreamOf(GitPath path)
    {
        var bytes = path.ToBytes();
        var name = Escape(bytes);
        return new StreamId(
            StreamType, Encoding.UTF8.GetByteCount(name) <= StreamId.MaxAggregateIdBytes ? name : Shorten(name, bytes));
    }

    /// <summary>Turns a name back into its path.</summary>
    /// <returns>null when the name was cut: the path then stands in the payload of every event.</returns>
    public static GitPath? PathOf(StreamId streamId)
    {
        var name = streamId.AggregateId;
        if (name.Contains(DigestMark, StringComparison.Ordinal))
        {
            return null;
        }

        var bytes = new List<byte>(name.Length);
        var parts = name.Split('%');
        bytes.AddRange(Encoding.UTF8.GetBytes(parts[0]));
        foreach (var part in parts.Skip(1))
        {
            bytes.AddRange(Convert.FromHexString(part.AsSpan(0, 2)));
            bytes.AddRange(Encoding.UTF8.GetBytes(part[2..]));
        }

        return GitPath.FromBytes([.. bytes]);
    }

    private static string Escape(ReadOnlySpan<byte> bytes)
    {
        var name = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var length);
            if (status is System.Buffers.OperationStatus.Done && !Rune.IsControl(rune) && rune.Value != '%')
            {
                name.Append(rune.ToString());
            }
            else
            {
                foreach (var value in bytes[..length])
                {
                    name.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
                }
            }

            bytes = bytes[length..];
        }

        return name.ToString();
    }

    private static string Shorten(string name, byte[] path)
    {
        var (kept, room) = (0, StreamId.MaxAggregateIdBytes - DigestMark.Length - DigestCharacters);
        foreach (var rune in name.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            kept += rune.Utf16SequenceLength;
        }

        return name[..kept] + DigestMark + Convert.ToHexStringLower(SHA256.HashData(path));
    }
}
