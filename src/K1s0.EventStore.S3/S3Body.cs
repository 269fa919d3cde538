using System.Globalization;
using Amazon.S3.Model;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.S3;

/// <summary>Reads the bodies of responses, and takes none that is shorter than it should be.</summary>
internal static class S3Body
{
    /// <exception cref="IOException">The body ended before its length.</exception>
    public static async Task<byte[]> ReadAsync(GetObjectResponse response, CancellationToken cancellationToken)
    {
        if (response.ContentLength > Array.MaxLength)
        {
            throw new IOException($"{response.ContentLength} bytes are too many for one piece.");
        }

        var content = new byte[response.ContentLength];
        await response.ResponseStream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
        return content;
    }

    /// <exception cref="IOException">The body ended before its length, or is another range.</exception>
    public static async Task<ObjectSlice> ReadSliceAsync(
        GetObjectResponse response, ObjectRange range, CancellationToken cancellationToken)
    {
        // "bytes 0-9/100"
        var parts = (response.ContentRange ?? string.Empty).Split(' ', '-', '/');
        if (parts.Length != 4
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !long.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var objectLength)
            || range.Within(objectLength) != (first, response.ContentLength))
        {
            throw new IOException(
                $"The server answered with the range '{response.ContentRange}' and {response.ContentLength} bytes.");
        }

        return new ObjectSlice(
            first, await ReadAsync(response, cancellationToken).ConfigureAwait(false), objectLength);
    }
}
