using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.S3;

/// <summary>Lists a bucket page by page; the next page is asked for when the last one has been used up.</summary>
internal static class S3Listing
{
    public static async IAsyncEnumerable<ObjectEntry> ReadAsync(
        IAmazonS3 client,
        S3Requests requests,
        string prefix,
        ObjectKey? after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var page = await ReadPageAsync(client, requests.List(prefix, after, next), cancellationToken)
                .ConfigureAwait(false);
            foreach (var entry in page.S3Objects ?? [])
            {
                if (requests.TryParse(entry.Key, out var key))
                {
                    yield return new ObjectEntry(key, entry.Size ?? 0);
                }
            }

            next = page.IsTruncated is true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }

    private static async Task<ListObjectsV2Response> ReadPageAsync(
        IAmazonS3 client, ListObjectsV2Request request, CancellationToken cancellationToken)
    {
        try
        {
            return await client.ListObjectsV2Async(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
        {
            throw S3Errors.OfRead(e, $"listing {request.BucketName}");
        }
    }
}
