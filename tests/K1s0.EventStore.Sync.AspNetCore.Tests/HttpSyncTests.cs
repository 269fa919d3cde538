using System.Net;
using System.Threading.Channels;
using K1s0.EventStore.Conformance;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>Replicas that talk over HTTP, through a real server and real connections.</summary>
public sealed class HttpSyncTests
{
    private static readonly string LongPayload = $"\"{new string('x', 700)}\"";

    private readonly ManualTime _time = new(Endpoint.Noon);

    [Fact]
    [Trait("Row", "X10")]
    public async Task Two_nodes_that_both_have_much_to_send_hold_the_same_after_one_session()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var caller = await Endpoint.OpenNodeAsync(_time);
        await Endpoint.WriteAsync(endpoint.Node, 3_000, LongPayload);
        await Endpoint.WriteAsync(caller, 3_000, LongPayload);
        using var http = new HttpClient();

        var outcome = await SynchroniseAsync(caller, http, endpoint.Address);

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        (outcome.Report!.EventsSent, outcome.Report.EventsReceived).Should().Be((3_000, 3_000));
        (await endpoint.NextOutcomeAsync()).IsCompleted.Should().BeTrue();
        caller.Clock.Should().Be(endpoint.Node.Clock);
    }

    [Fact]
    public async Task A_round_that_finds_nothing_new_takes_a_handful_of_requests()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var caller = await Endpoint.OpenNodeAsync(_time);
        await Endpoint.WriteAsync(caller, 5);
        using var counting = new CountingHandler();
        using var http = new HttpClient(counting);
        await SynchroniseAsync(caller, http, endpoint.Address);
        counting.Count = 0;

        var outcome = await SynchroniseAsync(caller, http, endpoint.Address);

        outcome.Report!.Mode.Should().Be(SyncMode.InSync);
        counting.Count.Should().BeInRange(3, 6, "open, what proves and asks, what answers, the end");
    }

    [Fact]
    public async Task Through_a_proxy_that_keeps_every_body_until_it_is_whole_it_works_the_same()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        await using var proxy = await StartBufferingProxyAsync(endpoint.Address);
        using var caller = await Endpoint.OpenNodeAsync(_time);
        await Endpoint.WriteAsync(endpoint.Node, 1_000, LongPayload);
        await Endpoint.WriteAsync(caller, 1_000, LongPayload);
        using var http = new HttpClient();

        var outcome = await SynchroniseAsync(caller, http, new Uri(proxy.Urls.Single() + "/sync"));

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        caller.Clock.Should().Be(endpoint.Node.Clock);
    }

    [Fact]
    public async Task Several_callers_at_once_end_with_the_same_for_all()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var http = new HttpClient();
        var callers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Endpoint.OpenNodeAsync(_time)));
        await Task.WhenAll(callers.Select(caller => Endpoint.WriteAsync(caller, 100)));

        await Task.WhenAll(callers.Select(caller => SynchroniseAsync(caller, http, endpoint.Address)));
        foreach (var caller in callers)
        {
            (await SynchroniseAsync(caller, http, endpoint.Address)).IsCompleted.Should().BeTrue();
            caller.Clock.Should().Be(endpoint.Node.Clock);
            caller.Dispose();
        }

        endpoint.Node.Clock.Entries.ToArray().Should().HaveCount(4).And.OnlyContain(dot => dot.Sequence == 100);
    }

    [Fact]
    public async Task A_caller_with_another_key_learns_nothing()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        await Endpoint.WriteAsync(endpoint.Node, 3);
        using var caller = await Endpoint.OpenNodeAsync(_time, new SyncOptions { SharedKey = new byte[40] });
        using var http = new HttpClient();

        (await SynchroniseAsync(caller, http, endpoint.Address)).Reason.Should().Be(SyncEndReason.NotAuthenticated);

        caller.Clock.Should().Be(VectorClock.Empty);
        (await endpoint.NextOutcomeAsync()).Report.Should().BeNull();
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_sessions_and_the_caller_is_told()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var http = new HttpClient();
        using var opened = await HttpRequests.OpenAsync(http, endpoint.Address);
        var session = HttpRequests.SessionOf(opened);
        var waiting = http.GetAsync($"{endpoint.Address}/{session}/1");

        await endpoint.StopAsync();

        (await waiting).StatusCode.Should().Be(HttpStatusCode.Gone);
        (await endpoint.NextOutcomeAsync()).Reason.Should().Be(SyncEndReason.Failed);
    }

    [Fact]
    public async Task A_caller_that_goes_away_leaves_its_place_to_the_next()
    {
        var time = new WaitingTime(_time);
        await using var endpoint = await Endpoint.StartAsync(time, options => options.MaxSessions = 1);
        using var caller = await Endpoint.OpenNodeAsync(new ManualTime(Endpoint.Noon));
        await Endpoint.WriteAsync(caller, 3);
        using var http = new HttpClient();
        using (var opened = await HttpRequests.OpenAsync(http, endpoint.Address))
        {
            opened.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        (await SynchroniseAsync(caller, http, endpoint.Address)).Detail.Should().Contain("503");

        // To send the welcome: from here on the time of a caller that does not prove itself runs out.
        await time.WaitsAsync(1);
        _time.Advance(TimeSpan.FromSeconds(31));
        (await endpoint.NextOutcomeAsync()).Reason.Should().Be(SyncEndReason.TimedOut);
        (await SynchroniseAsync(caller, http, endpoint.Address)).IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_ends_the_session_and_the_next_goes_on()
    {
        await using var endpoint = await Endpoint.StartAsync(_time);
        using var caller = await Endpoint.OpenNodeAsync(_time);
        await Endpoint.WriteAsync(endpoint.Node, 2_000, LongPayload);
        for (var at = 1; at <= 3; at++)
        {
            using var cutting = new CuttingHandler { Answer = at };
            using var broken = new HttpClient(cutting);
            (await SynchroniseAsync(caller, broken, endpoint.Address)).Reason.Should().Be(SyncEndReason.Disconnected);
        }

        using var http = new HttpClient();
        (await SynchroniseAsync(caller, http, endpoint.Address)).IsCompleted.Should().BeTrue();
        caller.Clock.Should().Be(endpoint.Node.Clock);
    }

    [Fact]
    public async Task An_answer_that_is_not_from_a_node_is_no_session()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var portal = builder.Build();
        portal.Run(context => context.Response.WriteAsync("<html>Log in to the network</html>"));
        await portal.StartAsync();
        using var caller = await Endpoint.OpenNodeAsync(_time);
        using var http = new HttpClient();

        var outcome = await SynchroniseAsync(caller, http, new Uri(portal.Urls.Single() + "/sync"));

        outcome.Reason.Should().Be(SyncEndReason.Disconnected);
        outcome.Report.Should().BeNull();
    }

    [Fact]
    public async Task The_node_of_the_application_answers_where_it_is_mapped()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddEventStore().UseInMemory()
            .AddSync(options => options.Node.Sync.SharedKey = Endpoint.Key);
        await using var app = builder.Build();
        app.MapEventStoreSync("/sync");
        await app.StartAsync();
        var hub = await app.Services.GetRequiredService<SyncHost>().GetNodeAsync();
        await Endpoint.WriteAsync(hub, 1);
        using var caller = await Endpoint.OpenNodeAsync(TimeProvider.System);
        using var http = new HttpClient();

        var outcome = await SynchroniseAsync(caller, http, new Uri(app.Urls.Single() + "/sync"));

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        caller.Clock.Should().Be(hub.Clock);
        Assert.Throws<InvalidOperationException>(() => app.MapEventStoreSync("/other", name: "other"));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_no_session()
    {
        using var caller = await Endpoint.OpenNodeAsync(_time);
        using var http = new HttpClient();

        var outcome = await SynchroniseAsync(caller, http, new Uri("http://127.0.0.1:1/sync"));

        outcome.Reason.Should().Be(SyncEndReason.Disconnected);
    }

    private static Task<SyncOutcome> SynchroniseAsync(ReplicaNode node, HttpClient http, Uri address) =>
        node.SynchroniseAsync(new HttpSyncTransport(http, address), SyncRole.Initiator);

    private static async Task<WebApplication> StartBufferingProxyAsync(Uri target)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(new HttpClient());
        var proxy = builder.Build();
        proxy.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            using var forwarded = new HttpRequestMessage(
                new HttpMethod(context.Request.Method), new Uri(target, context.Request.Path));
            if (body.Length > 0)
            {
                forwarded.Content = new ByteArrayContent(body.ToArray());
                forwarded.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
            }

            var http = context.RequestServices.GetRequiredService<HttpClient>();
            using var answer = await http.SendAsync(forwarded, context.RequestAborted);
            var content = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            if (answer.Headers.TryGetValues(HttpSyncProtocol.SessionHeader, out var session))
            {
                context.Response.Headers[HttpSyncProtocol.SessionHeader] = session.Single();
            }

            if (content.Length > 0)
            {
                context.Response.ContentLength = content.Length;
                await context.Response.Body.WriteAsync(content, context.RequestAborted);
            }
        });
        await proxy.StartAsync();
        return proxy;
    }

    /// <summary>Says when the node has begun to wait for its peer.</summary>
    private sealed class WaitingTime(ManualTime inner) : TimeProvider
    {
        private readonly Channel<TimeSpan> _waits =
            Channel.CreateUnbounded<TimeSpan>();

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = inner.CreateTimer(callback, state, dueTime, period);
            if (dueTime == TimeSpan.FromSeconds(30))
            {
                _waits.Writer.TryWrite(dueTime);
            }

            return timer;
        }

        public async Task WaitsAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                await _waits.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
            }
        }
    }

    private sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _count;

        public int Count
        {
            get => Volatile.Read(ref _count);
            set => Volatile.Write(ref _count, value);
        }

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _count);
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Loses the end of one answer that has a body.</summary>
    private sealed class CuttingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _answers;

        public int Answer { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (answer.StatusCode is HttpStatusCode.OK && Interlocked.Increment(ref _answers) == Answer)
            {
                var whole = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
                var type = answer.Content.Headers.ContentType;
                answer.Content = new ByteArrayContent(whole, 0, whole.Length - 1);
                answer.Content.Headers.ContentType = type;
            }

            return answer;
        }
    }
}
