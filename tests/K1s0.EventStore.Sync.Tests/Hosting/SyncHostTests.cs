using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Threading.Channels;
using K1s0.EventStore.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>The node of an application: opened, answering and calling as long as the application runs.</summary>
public sealed class SyncHostTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new(Some.Noon);

    [Fact]
    public async Task Two_applications_that_are_registered_hold_the_same_and_say_so()
    {
        await using var hub = Application(options => options.ListenOn = new IPEndPoint(IPAddress.Loopback, 0));
        await StartAsync(hub);
        var hubNode = await Host(hub).GetNodeAsync().WaitAsync(Patience);
        await hubNode.WriteAsync(Some.Envelope());
        var endpoint = Host(hub).LocalEndPoint!;
        var states = Channel.CreateUnbounded<SyncPeerStatus>();
        await using var edge = Application(options =>
        {
            options.Peers.Add(SyncPeer.Tcp("hub", endpoint));
            options.OnStatus = status => states.Writer.TryWrite(status);
        });
        var metrics = new ConcurrentBag<(string Name, double Value)>();
        using var listening = Listen(metrics);

        await StartAsync(edge);

        var status = await states.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        (status.Name, status.Connection, status.Failures, status.Loss).Should().Be(("hub", ConnectionState.Online, 0, 0));
        (status.LastCompletedAt, status.LastOutcome!.Report!.EventsReceived).Should().Be((Some.Noon, 1));
        Host(edge).Peers.Should().Equal(status);
        var edgeNode = await Host(edge).GetNodeAsync();
        edgeNode.Clock.Should().Be(hubNode.Clock);
        (await HealthAsync(edge)).Status.Should().Be(HealthStatus.Healthy);

        await edgeNode.WriteAsync(Some.Envelope());
        Host(edge).SynchroniseNow();
        await states.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        hubNode.Clock.Should().Be(edgeNode.Clock);
        await StopAsync(edge);
        await StopAsync(hub);

        var names = metrics.Where(one => one.Value > 0).Select(one => one.Name).Distinct(StringComparer.Ordinal);
        names.Should().Contain([SyncTelemetry.Events, SyncTelemetry.FrameBytes]);
        metrics.Select(one => one.Name).Should().Contain(
            [SyncTelemetry.SessionDuration, SyncTelemetry.RoundTrip, SyncTelemetry.PeerLag, SyncTelemetry.Rounds]);
        (status.Link.State, status.Link.RoundTrip).Should().Be((LinkState.Normal, TimeSpan.Zero), "the clock stands");
    }

    [Fact]
    public async Task A_node_whose_application_failed_over_an_event_is_not_healthy()
    {
        await using var edge = Application(options => options.Node.OnDelivered = _ => throw new NotSupportedException());
        await StartAsync(edge);
        var node = await Host(edge).GetNodeAsync().WaitAsync(Patience);

        await node.WriteAsync(Some.Envelope());

        var health = await HealthAsync(edge);
        (health.Status, health.Exception).Should().Be((HealthStatus.Unhealthy, node.DeliveryStopped));
        await StopAsync(edge);
    }

    [Fact]
    public async Task A_peer_that_cannot_be_reached_is_called_more_and_more_rarely_and_at_once_when_it_is_wished()
    {
        var time = new RestingTime(_time);
        await using var edge = Application(
            options =>
            {
                options.MaxBackoff = TimeSpan.FromSeconds(8);
                options.Peers.Add(new SyncPeer("hub", _ => throw new IOException("there is no network.")));
            },
            time);
        await StartAsync(edge);

        foreach (var seconds in new[] { 1, 2, 4, 8, 8 })
        {
            var rest = await time.NextRestAsync();
            rest.TotalSeconds.Should().BeInRange(seconds / 2.0, seconds);
            _time.Advance(rest);
        }

        await time.NextRestAsync();
        var status = Host(edge).Peers.Single();
        (status.Connection, status.Failures).Should().Be((ConnectionState.Offline, 6));
        status.LastOutcome!.Detail.Should().Contain("no network");
        Host(edge).SynchroniseNow();
        await time.NextRestAsync();
        Host(edge).Peers.Single().Failures.Should().Be(7);

        _time.Advance(TimeSpan.FromMinutes(11));
        var health = await HealthAsync(edge);
        health.Status.Should().Be(HealthStatus.Degraded);
        health.Description.Should().Contain("hub").And.Contain("no network");
        await StopAsync(edge);
    }

    [Fact]
    public async Task A_session_that_is_under_way_does_not_hold_up_the_end_of_the_application()
    {
        var (there, here) = InMemorySyncTransport.CreatePair();
        await using var edge = Application(
            options => options.Peers.Add(new SyncPeer("hub", _ => Task.FromResult<ISyncTransport>(here))));
        await StartAsync(edge);
        (await there.ReceiveAsync().AsTask().WaitAsync(Patience)).Should().NotBeNull("it has begun");

        await StopAsync(edge).WaitAsync(Patience);

        (await there.ReceiveAsync().AsTask().WaitAsync(Patience)).Should().BeNull("the connection is closed");
    }

    [Fact]
    public async Task A_store_that_is_not_there_yet_is_opened_later()
    {
        var time = new RestingTime(_time);
        var store = new FailingReplicaStore(new InMemoryReplicaStore()) { IsUnreadable = true };
        await using var edge = Application(_ => { }, time, store);
        await StartAsync(edge);
        var rest = await time.NextRestAsync();
        (await HealthAsync(edge)).Status.Should().Be(HealthStatus.Degraded);

        store.IsUnreadable = false;
        _time.Advance(rest);

        (await Host(edge).GetNodeAsync().WaitAsync(Patience)).CanWrite.Should().BeTrue();
        await StopAsync(edge);
    }

    [Fact]
    public async Task Options_that_cannot_be_are_refused_when_the_application_starts()
    {
        var faults = new (string Word, Action<SyncHostOptions> Change)[]
        {
            ("SharedKey", options => options.Node.Sync.SharedKey = new byte[3]),
            ("Interval", options => options.Interval = TimeSpan.Zero),
            ("MaxBackoff", options => options.MaxBackoff = TimeSpan.FromMilliseconds(500)),
            ("MaxSessions", options => options.MaxSessions = 0),
            ("Peers", options =>
            {
                options.Peers.Add(SyncPeer.Tcp("a", new IPEndPoint(IPAddress.Loopback, 1)));
                options.Peers.Add(SyncPeer.Tcp("a", new IPEndPoint(IPAddress.Loopback, 2)));
            }),
            ("who may call", options =>
            {
                options.Node.Sync = new SyncOptions { IsTransportAuthenticated = true };
                options.ListenOn = new IPEndPoint(IPAddress.Loopback, 0);
            }),
        };
        foreach (var (word, change) in faults)
        {
            await using var application = Application(change);
            var validator = application.GetRequiredService<IStartupValidator>();
            Assert.Throws<OptionsValidationException>(validator.Validate).Message.Should().Contain(word);
        }
    }

    [Fact]
    public async Task Registering_twice_is_harmless_and_the_event_store_keeps_the_logs()
    {
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory()
            .AddSync(options => options.Node.Sync.SharedKey = SessionSide.Key)
            .AddSync(options => options.Interval = TimeSpan.FromSeconds(5));
        await using var application = services.BuildServiceProvider();
        await StartAsync(application);

        var node = await Host(application).GetNodeAsync().WaitAsync(Patience);
        await node.WriteAsync(Some.Envelope());

        application.GetServices<IHostedService>().Should().ContainSingle();
        var store = new EventStoreReplicaStore(application.GetRequiredService<IEventStore>());
        (await store.ReadHeadsAsync()).Single().Last.Should().Be(new Dot(node.Self, 1));
        await StopAsync(application);
    }

    private static SyncHost Host(ServiceProvider application) => application.GetRequiredService<SyncHost>();

    private static async Task StartAsync(ServiceProvider application)
    {
        foreach (var service in application.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
        }
    }

    private static async Task StopAsync(ServiceProvider application)
    {
        foreach (var service in application.GetServices<IHostedService>())
        {
            await service.StopAsync(CancellationToken.None);
        }
    }

    private static Task<HealthCheckResult> HealthAsync(ServiceProvider application) =>
        application.GetRequiredKeyedService<SyncHealthCheck>("").CheckHealthAsync(new HealthCheckContext());

    private static MeterListener Listen(ConcurrentBag<(string Name, double Value)> metrics)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (string.Equals(instrument.Meter.Name, SyncTelemetry.SourceName, StringComparison.Ordinal))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => metrics.Add((instrument.Name, value)));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => metrics.Add((instrument.Name, value)));
        listener.Start();
        return listener;
    }

    private ServiceProvider Application(
        Action<SyncHostOptions> configure, TimeProvider? time = null, IReplicaStore? store = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton(time ?? _time);
        services.AddSingleton(store ?? new InMemoryReplicaStore());
        services.AddEventStore().AddSync(options =>
        {
            options.Node.Sync.SharedKey = SessionSide.Key;
            configure(options);
        });
        return services.BuildServiceProvider();
    }
}
