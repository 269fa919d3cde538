using System.Globalization;
using System.Net;
using System.Threading.Channels;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Calls a node over HTTP, in short requests that every proxy lets through; see <see cref="HttpSyncProtocol"/>. For the
/// side that calls: <see cref="SyncRole.Initiator"/>.
/// </summary>
/// <remarks>
/// At most 8 frames are on their way to the node, in the queue and in a request. What fails ends the connection and is
/// never sent again: the next session goes on from what was confirmed. Disposing sends what is in the queue, for at
/// most 5 seconds.
/// </remarks>
public sealed class HttpSyncTransport : ISyncTransport, IPacedTransport
{
    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly string _endpoint;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(HttpSyncProtocol.MaxFrames);

    // The answer to the first request, or why there is none.
    private readonly TaskCompletionSource<HttpResponseMessage> _opened =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile string? _session;
    private volatile Exception? _failure;

    // Only the sending side.
    private Task? _pushing;

    // Only the receiving side; others read what is volatile.
    private HttpResponseMessage? _answer;
    private volatile HttpAnswerFrames? _incoming;
    private long _pulls;
    private volatile int _maxReceivedBytes = SyncOptions.MaxFrameBytes;

    // Only who pushes adds to it.
    private long _bytesUploaded;
    private int _isDisposed;

    /// <summary>A connection; nothing is sent yet.</summary>
    /// <param name="http">
    /// Sends the requests, and stays the caller's. Its timeout must be longer than a node holds a request, 10 seconds,
    /// and than a slow link needs for the body of a request, up to 8 MiB.
    /// </param>
    /// <param name="endpoint">Where the node answers: an absolute http or https address.</param>
    /// <param name="authenticatedPeer">
    /// Whom the client lets through, when its handler checks that: see <see cref="PeerTls.CreateHandler"/>.
    /// </param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">The address is not one of http or https.</exception>
    public HttpSyncTransport(
        HttpClient http, Uri endpoint, ReplicaId? authenticatedPeer = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(endpoint);
        if (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https") || endpoint.Query.Length > 0)
        {
            throw new ArgumentException(
                "The address must be absolute, of http or https, without a query.", nameof(endpoint));
        }

        (_http, _endpoint) = (http, endpoint.AbsoluteUri.TrimEnd('/'));
        (AuthenticatedPeer, _time) = (authenticatedPeer, timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public ReplicaId? AuthenticatedPeer { get; }

    long IPacedTransport.BytesMoved => Volatile.Read(ref _bytesUploaded) + (_incoming?.BytesMoved ?? 0);

    int IPacedTransport.MaxReceivedBytes
    {
        set
        {
            _maxReceivedBytes = value;
            _incoming?.Limit(value);
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, SyncOptions.MaxFrameBytes, nameof(frame));
        _pushing ??= PushAsync();
        try
        {
            await _outgoing.Writer.WriteAsync(frame.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw Failure(e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        try
        {
            if (_incoming is null)
            {
                await TakeAsync(await _opened.Task.WaitAsync(receiving.Token).ConfigureAwait(false), receiving.Token)
                    .ConfigureAwait(false);
            }

            while (true)
            {
                if (await _incoming!.Frames.ReceiveAsync(receiving.Token).ConfigureAwait(false) is { } frame)
                {
                    return frame;
                }

                if (!await PullAsync(receiving.Token).ConfigureAwait(false))
                {
                    return null;
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failure(e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        _outgoing.Writer.TryComplete();
        using var patience = new CancellationTokenSource(FlushTime, _time);
        await using (patience.Token.Register(_ending.Cancel).ConfigureAwait(false))
        {
            await (_pushing ?? Task.CompletedTask).ConfigureAwait(false);
            await TryEndAsync(patience.Token).ConfigureAwait(false);
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        _answer?.Dispose();
    }

    // Never throws: who sends or receives is told.
    private async Task PushAsync()
    {
        try
        {
            var batch = new List<byte[]>(HttpSyncProtocol.MaxFrames);
            for (var number = 0L; await _outgoing.Reader.WaitToReadAsync(_ending.Token).ConfigureAwait(false); number++)
            {
                while (batch.Count < HttpSyncProtocol.MaxFrames && _outgoing.Reader.TryRead(out var frame))
                {
                    batch.Add(frame);
                }

                var answer = await PushAsync(batch, number).ConfigureAwait(false);
                if (number == 0)
                {
                    _opened.TrySetResult(answer);
                }
                else
                {
                    answer.Dispose();
                }

                batch.Clear();
            }
        }
        catch (Exception e)
        {
            _failure = e;
            _outgoing.Writer.TryComplete(e);
            await _ending.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> PushAsync(List<byte[]> batch, long number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, number == 0 ? _endpoint : Address(number));
        request.Content = new FramesContent(batch, count => Interlocked.Add(ref _bytesUploaded, count));
        var answer = await _http
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _ending.Token).ConfigureAwait(false);
        Check(answer, number == 0 ? HttpStatusCode.OK : HttpStatusCode.NoContent);
        if (number == 0)
        {
            _session = answer.Headers.TryGetValues(HttpSyncProtocol.SessionHeader, out var values)
                && values.FirstOrDefault() is { } session && IsSession(session)
                    ? session
                    : throw new HttpRequestException("The answer names no session.");
        }

        return answer;
    }

    // False when the node has ended the session.
    private async Task<bool> PullAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address(++_pulls));
        var answer = await _http
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (answer.StatusCode is HttpStatusCode.Gone)
        {
            answer.Dispose();
            return false;
        }

        if (answer.StatusCode is not HttpStatusCode.NoContent)
        {
            Check(answer, HttpStatusCode.OK);
        }

        await TakeAsync(answer, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task TakeAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        _answer?.Dispose();
        _answer = answer;
        var frames = new StreamSyncTransport(
            await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), leaveOpen: true);

        // Known before it is limited, so that who changes the limit meanwhile changes it here too.
        _incoming = new HttpAnswerFrames(frames, _incoming?.BytesMoved ?? 0);
        _incoming.Limit(_maxReceivedBytes);
    }

    private async Task TryEndAsync(CancellationToken cancellationToken)
    {
        if (_session is null || _failure is not null)
        {
            return;
        }

        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, $"{_endpoint}/{_session}");
            (await _http.SendAsync(request, cancellationToken).ConfigureAwait(false)).Dispose();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // A courtesy: the node gives the session up by itself.
        }
    }

    private string Address(long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{_endpoint}/{_session}/{number}");

    private static bool IsSession(string session) => session.Length == 32 && session.All(char.IsAsciiHexDigit);

    private static void Check(HttpResponseMessage answer, HttpStatusCode expected)
    {
        if (answer.StatusCode == expected && (expected is HttpStatusCode.NoContent || IsOfNode(answer)))
        {
            return;
        }

        using (answer)
        {
            throw answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? new PeerRefusedException(PeerRefusal.RefusedByPeer, $"the node answers {(int)answer.StatusCode}.")
                : new HttpRequestException($"The node answers {(int)answer.StatusCode}.");
        }
    }

    // A page to log in to a network is also an answer.
    private static bool IsOfNode(HttpResponseMessage answer) => string.Equals(
        answer.Content.Headers.ContentType?.MediaType,
        HttpSyncProtocol.ContentType,
        StringComparison.OrdinalIgnoreCase);

    private Exception Failure(Exception seen)
    {
        var cause = _failure ?? seen;
        for (var inner = cause; inner is not null; inner = inner.InnerException)
        {
            if (inner is PeerRefusedException refused)
            {
                return new PeerRefusedException(refused.Reason, refused.Detail, cause);
            }
        }

        return new IOException($"The connection broke: {cause.Message}", cause);
    }
}
