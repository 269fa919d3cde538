using System.Net;
using System.Xml;
using Amazon.Runtime;
using Amazon.S3;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.S3;

/// <summary>What the SDK's exceptions mean here: told by status and code, never by text.</summary>
internal static class S3Errors
{
    public static bool IsAbsent(AmazonS3Exception e) =>
        e.StatusCode is HttpStatusCode.NotFound && !IsCode(e, "NoSuchBucket");

    public static bool IsCold(AmazonS3Exception e) =>
        e.StatusCode is HttpStatusCode.Forbidden && IsCode(e, "InvalidObjectState");

    /// <summary>Two puts to one key met, and the server asks for another try.</summary>
    public static bool IsConflict(AmazonS3Exception e) => e.StatusCode is HttpStatusCode.Conflict;

    /// <summary>The object is not the one that the request was bound to.</summary>
    public static bool IsOtherVersion(AmazonS3Exception e) => e.StatusCode is HttpStatusCode.PreconditionFailed;

    /// <summary>
    /// What the network and the SDK throw; also its own clocks, its parts that were disposed under a request, and what
    /// it makes of answers that are cut off.
    /// </summary>
    public static bool IsOfBackend(Exception e, CancellationToken cancellationToken) =>
        e is AmazonServiceException or AmazonClientException or HttpRequestException or IOException
            or TimeoutException or ObjectDisposedException or XmlException
        || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>The exception to show for a request that was to read.</summary>
    public static EventStoreException OfRead(Exception e, string what) =>
        MayPass(e)
            ? new StoreUnavailableException($"S3 failed {what}: {Describe(e)}", e)
            : new StoreOperationException($"S3 refused {what}: {Describe(e)}", e);

    /// <summary>
    /// The exception to show for a request that was to write, and may have done so when it was repeated.
    /// </summary>
    public static EventStoreException OfWrite(Exception e, string what) =>
        MayPass(e)
            ? new WriteOutcomeUnknownException($"S3 failed {what}: {Describe(e)}", e)
            : new StoreOperationException($"S3 refused {what}: {Describe(e)}", e);

    public static RestoreRequiredException Cold(ObjectKey key, ObjectInfo? info, AmazonS3Exception e) => new(
        key.Value,
        info?.Restoration.State is RestorationState.UnderWay,
        info is null ? null : RestoreRequest.Estimate(info.Attributes.StorageClass, RestorePriority.Standard),
        e);

    // Throttled, overloaded, cut off, out of time: the same request may succeed later. An error that comes as a success
    // was met after the server had begun to answer.
    private static bool MayPass(Exception e) => e switch
    {
        // No status: there was no answer.
        AmazonServiceException service => service.StatusCode == default || service.StatusCode is
            HttpStatusCode.OK
            or HttpStatusCode.RequestTimeout
            or HttpStatusCode.Conflict
            or HttpStatusCode.PreconditionFailed
            or HttpStatusCode.TooManyRequests
            or (>= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented),
        AmazonClientException => false,
        _ => true,
    };

    private static string Describe(Exception e) =>
        e is AmazonServiceException service && service.StatusCode != default
            ? $"{(int)service.StatusCode} {service.ErrorCode} (request {service.RequestId})"
            : e.Message;

    private static bool IsCode(AmazonS3Exception e, string code) =>
        string.Equals(e.ErrorCode, code, StringComparison.Ordinal);
}
