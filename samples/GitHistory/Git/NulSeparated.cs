using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>Splits what git's <c>-z</c> prints: the only form in which no path can be misread.</summary>
internal static class NulSeparated
{
    // A commit message is the longest thing that comes; one of this size is no message.
    private const int MaxTokenBytes = 64 * 1024 * 1024;

    public static async IAsyncEnumerable<byte[]> ReadAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var filled = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            if (read == 0)
            {
                break;
            }

            var (start, searched) = (0, filled);
            filled += read;
            while (buffer.AsSpan(searched, filled - searched).IndexOf((byte)0) is var at and >= 0)
            {
                yield return buffer[start..(searched + at)];
                start = searched = searched + at + 1;
            }

            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, filled < MaxTokenBytes ? filled * 2 : throw TooLong());
            }
        }

        if (filled > 0)
        {
            throw new InvalidDataException("git's output ends in the middle of an entry.");
        }
    }

    private static InvalidDataException TooLong() => new($"git printed an entry of more than {MaxTokenBytes} bytes.");
}
