namespace K1s0.EventStore.Sync;

/// <summary>How frames travel in plain HTTP requests. Version 1.</summary>
/// <remarks>
/// <code>
/// POST   {path}                   frames  ->  200  header K1s0-Sync-Session; what the node says first
/// POST   {path}/{session}/{n}     frames  ->  204  when the node has taken them over      n = 1, 2, 3, ...
/// GET    {path}/{session}/{n}             ->  200  frames; 204 when there are none yet    n = 1, 2, 3, ...
/// DELETE {path}/{session}                 ->  204  the caller has ended
///
/// frames      each behind its length, 4 bytes, big-endian
/// session     32 hexadecimal digits that the node draws; a secret of both sides
/// </code>
/// One POST and one GET of a session are under way at a time. A number that is not the next is answered with 409, so a
/// request that somebody on the way sends twice cannot bring its frames twice. 410 says that the session is over; 403
/// that the caller's certificate is refused; 413 and 415 that a body is too large or of another type; 503 that as many
/// sessions run as may.
/// </remarks>
public static class HttpSyncProtocol
{
    /// <summary>The media type of bodies: <c>application/vnd.k1s0.sync</c>.</summary>
    public const string ContentType = "application/vnd.k1s0.sync";

    /// <summary>The header that names the session in the answer to the first request.</summary>
    public const string SessionHeader = "K1s0-Sync-Session";

    /// <summary>The most frames in the body of a request: 4.</summary>
    public const int MaxFrames = 4;

    /// <summary>The most bytes of the body of a request: four frames with their lengths.</summary>
    public const int MaxBodyBytes = MaxFrames * (SyncOptions.MaxFrameBytes + sizeof(uint));
}
