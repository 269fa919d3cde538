using System.Globalization;
using Amazon.Runtime;
using Amazon.S3.Model;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.S3;

/// <summary>
/// Reads the bodies of responses, and takes none that is shorter than it should be. Closes the response.
/// </summary>
internal static class S3Body
{
    /// <exception cref="IOException">The body ended before its length.</exception>
    /// <exception cref="ObjectDamagedException">
    /// It is too long, or its bytes do not have the checksum that the server sent with them.
    /// </exception>
    public static async Task<byte[]> ReadAsync(
        ObjectKey key, GetObjectResponse response, long maxLength, CancellationToken cancellationToken)
    {
        try
        {
            StoredObject.ThrowIfLonger(key, response.ContentLength, Math.Min(maxLength, Array.MaxLength));
            var content = new byte[response.ContentLength];
            await response.ResponseStream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            return content;
        }
        catch (AmazonClientException e)
        {
            // The only thing that the SDK itself refuses in a body. What the network does to it has other types.
            throw new ObjectDamagedException(
                key.Value, "its bytes do not have the checksum of the server; the SHA-256 was not computed.", e);
        }
        finally
        {
            Close(response);
        }
    }

    /// <exception cref="IOException">The body ended before its length, or is another range.</exception>
    public static async Task<ObjectSlice> ReadSliceAsync(
        ObjectKey key, GetObjectResponse response, ObjectRange range, CancellationToken cancellationToken)
    {
        // "bytes 0-9/100"
        var parts = (response.ContentRange ?? string.Empty).Split(' ', '-', '/');
        if (parts.Length != 4
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !long.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var objectLength)
            || range.Within(objectLength) != (first, response.ContentLength))
        {
            Close(response);
            throw new IOException(
                $"The server answered with the range '{response.ContentRange}' and {response.ContentLength} bytes.");
        }

        var content = await ReadAsync(key, response, range.Length, cancellationToken).ConfigureAwait(false);
        return new ObjectSlice(first, content, objectLength);
    }

    private static void Close(GetObjectResponse response)
    {
        try
        {
            response.Dispose();
        }
        catch (AmazonClientException)
        {
            // The SDK compares what was read with the ETag as late as here, and also when reading broke off. What
            // counts is what reading has thrown, or the SHA-256 that is computed next.
        }
    }
}
