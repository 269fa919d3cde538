using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace K1s0.EventStore.Sync.AspNetCore;

/// <summary>
/// Answers the requests of <see cref="HttpSyncProtocol"/>. Bodies are read frame by frame, never as a whole.
/// </summary>
internal sealed class HttpSyncRequests(HttpSyncSessions sessions, PeerCertificates? peers)
{
    // About so much goes into one answer, and one frame more.
    private const int AnswerBytes = 1024 * 1024;
    private const string RetryAfterSeconds = "5";

    public async Task OpenAsync(HttpContext context)
    {
        if (!IsBodyAccepted(context) || await TryIdentifyAsync(context).ConfigureAwait(false) is not { } caller)
        {
            return;
        }

        if (sessions.TryBegin(caller.Peer) is not { } session)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        if (await TakeBodyAsync(context, session).ConfigureAwait(false))
        {
            context.Response.Headers[HttpSyncProtocol.SessionHeader] = session.Id;
            await AnswerAsync(context, session, isFirst: true).ConfigureAwait(false);
        }
    }

    public async Task PushAsync(HttpContext context)
    {
        if (!IsBodyAccepted(context)
            || await FindAsync(context).ConfigureAwait(false) is not { } session
            || !TryBegin(context, session.Pushes))
        {
            return;
        }

        try
        {
            if (await TakeBodyAsync(context, session).ConfigureAwait(false))
            {
                context.Response.StatusCode = StatusCodes.Status204NoContent;
            }
        }
        finally
        {
            session.Pushes.End();
        }
    }

    public async Task PullAsync(HttpContext context)
    {
        if (await FindAsync(context).ConfigureAwait(false) is not { } session || !TryBegin(context, session.Pulls))
        {
            return;
        }

        try
        {
            await AnswerAsync(context, session, isFirst: false).ConfigureAwait(false);
        }
        finally
        {
            session.Pulls.End();
        }
    }

    public async Task EndAsync(HttpContext context)
    {
        if (await FindAsync(context).ConfigureAwait(false) is { } session)
        {
            session.Close(failure: null);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    private static bool IsBodyAccepted(HttpContext context)
    {
        var isOurs = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            && type.MediaType.Equals(HttpSyncProtocol.ContentType, StringComparison.OrdinalIgnoreCase);
        if (!isOurs || context.Request.Headers.ContentEncoding.Count > 0)
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return false;
        }

        if (context.Request.ContentLength > HttpSyncProtocol.MaxBodyBytes)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return false;
        }

        // For a body that does not say how long it is.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = HttpSyncProtocol.MaxBodyBytes;
        }

        return true;
    }

    private static bool TryBegin(HttpContext context, RequestOrder order)
    {
        var isNext = long.TryParse(
                context.Request.RouteValues["number"] as string, CultureInfo.InvariantCulture, out var number)
            && order.TryBegin(number);
        if (!isNext)
        {
            context.Response.StatusCode = StatusCodes.Status409Conflict;
        }

        return isNext;
    }

    // Null after the answer was given.
    private async Task<HttpSyncSession?> FindAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (await TryIdentifyAsync(context).ConfigureAwait(false) is not { } caller)
        {
            return null;
        }

        if (sessions.Find(context.Request.RouteValues["session"] as string) is not { } session)
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
            return null;
        }

        if (session.AuthenticatedPeer != caller.Peer)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return null;
        }

        return session;
    }

    private async Task<Caller?> TryIdentifyAsync(HttpContext context)
    {
        if (peers is null)
        {
            return new Caller(Peer: null);
        }

        try
        {
            var shown = await context.Connection.GetClientCertificateAsync(context.RequestAborted)
                .ConfigureAwait(false);
            return new Caller(peers.Identify(shown));
        }
        catch (PeerRefusedException e)
        {
            sessions.Refused(e);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return null;
        }
    }

    // False after the answer was given. What is cut off or cannot be read ends the session: a frame is missing.
    private static async Task<bool> TakeBodyAsync(HttpContext context, HttpSyncSession session)
    {
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Ended);
        var body = session.Enter(context.Request.Body);
        try
        {
            for (var count = 0; await body.ReceiveAsync(reading.Token).ConfigureAwait(false) is { } frame; count++)
            {
                if (count == HttpSyncProtocol.MaxFrames)
                {
                    throw new InvalidFormatException("request of a synchronisation", "it has too many frames.");
                }

                if (!await session.TryTakeAsync(frame, reading.Token).ConfigureAwait(false))
                {
                    context.Response.StatusCode = StatusCodes.Status410Gone;
                    return false;
                }
            }

            return true;
        }
        catch (InvalidFormatException e)
        {
            session.Close(new IOException(e.Message, e));
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
        catch (BadHttpRequestException e)
        {
            session.Close(e);
            context.Response.StatusCode = e.StatusCode;
        }
        catch (IOException e)
        {
            session.Close(e);
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
        catch (OperationCanceledException)
        {
            session.Close(new IOException("A request broke off."));
            context.Response.StatusCode = StatusCodes.Status410Gone;
        }
        finally
        {
            session.Leave(body);
        }

        return false;
    }

    private async Task AnswerAsync(HttpContext context, HttpSyncSession session, bool isFirst)
    {
        if (!await HasFramesAsync(context, session).ConfigureAwait(false) && !isFirst)
        {
            await AnswerEmptyAsync(context, session).ConfigureAwait(false);
            return;
        }

        context.Response.ContentType = HttpSyncProtocol.ContentType;
        var body = session.Enter(context.Response.Body);
        try
        {
            for (var bytes = 0L; bytes < AnswerBytes && session.Outgoing.TryRead(out var frame); bytes += frame.Length)
            {
                await body.SendAsync(frame, context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Frames are lost with the answer.
            session.Close(new IOException("An answer broke off.", e));
        }
        finally
        {
            session.Leave(body);
        }
    }

    private static async Task AnswerEmptyAsync(HttpContext context, HttpSyncSession session)
    {
        if (session.Outgoing.Completion.IsCompleted)
        {
            await session.Completion.ConfigureAwait(false);
            context.Response.StatusCode = StatusCodes.Status410Gone;
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    // False when there are none within the time, or none any more.
    private async Task<bool> HasFramesAsync(HttpContext context, HttpSyncSession session)
    {
        using var patience = new CancellationTokenSource(sessions.HoldFor, sessions.Time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, patience.Token);
        try
        {
            return await session.Outgoing.WaitToReadAsync(waiting.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private sealed record Caller(ReplicaId? Peer);
}
