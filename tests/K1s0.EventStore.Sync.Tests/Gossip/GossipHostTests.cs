using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Applications that find each other by gossip, with real replicas, sessions and time.</summary>
public sealed class GossipHostTests
{
    private const int Count = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    // As long as names are, so that messages are as long as they get.
    private const string Domain = "of-a-fleet-somewhere.sync.example:7443";

    private readonly ConcurrentQueue<SyncOutcome> _flooded = [];
    private readonly ConcurrentDictionary<string, ReplicaNode> _nodes = new(StringComparer.Ordinal);

    [Fact]
    [Trait("Row", "S13")]
    public async Task Many_nodes_converge_by_gossip_without_a_hub()
    {
        var delivered = new Countdown(Count * Count);
        var applications = Enumerable.Range(0, Count).Select(number => Application(number, delivered)).ToList();
        try
        {
            await Task.WhenAll(applications.Select(StartAsync));
            foreach (var node in _nodes.Values)
            {
                await node.WriteAsync(Some.Envelope());
            }

            // Nobody has a peer that is called; each knows one other from the start.
            await delivered.Reached.WaitAsync(Patience);

            _nodes.Values.Select(node => node.Clock).Distinct().Should().ContainSingle().Which.Count.Should().Be(Count);
            applications.Select(Host).Should().OnlyContain(host => host.Peers.Count == 0);
            _flooded.Should().BeEmpty("a message of gossip is no flood");
        }
        finally
        {
            await Task.WhenAll(applications.Select(StopAsync));
        }
    }

    [Fact]
    public async Task An_application_says_whom_it_knows()
    {
        var delivered = new Countdown(2);
        await using var one = Application(0, delivered);
        await using var other = Application(1, delivered);
        await Task.WhenAll(StartAsync(one), StartAsync(other));
        await _nodes[Name(0)].WriteAsync(Some.Envelope());
        await delivered.Reached.WaitAsync(Patience);

        Host(other).Members.Should().Equal(new MemberStatus(Name(0), MemberState.Alive));
        await Task.WhenAll(StopAsync(one), StopAsync(other));
        using var alone = new SyncHost(new SyncHostOptions(), TimeProvider.System);
        alone.Members.Should().BeEmpty("it takes no part");
    }

    [Fact]
    public async Task Options_that_cannot_be_are_refused_when_the_application_starts()
    {
        var faults = new (string Word, Action<GossipOptions> Change)[]
        {
            ("ConnectAsync", options => options.ConnectAsync = null),
            ("Address", options => options.Address = new string('x', 129)),
            ("Seeds", options => options.Seeds.Add(string.Empty)),
            ("Interval", options => options.Interval = TimeSpan.Zero),
            ("Timeout", options => options.Timeout = TimeSpan.FromHours(1)),
            ("MaxSessions", options => options.MaxSessions = 0),
            ("GrantsPerSecond", options => options.GrantsPerSecond = 0),
        };
        foreach (var (word, change) in faults)
        {
            await using var application = Application(0, new Countdown(1), change);
            var validator = application.GetRequiredService<IStartupValidator>();
            Assert.Throws<OptionsValidationException>(validator.Validate).Message.Should().Contain(word);
        }
    }

    private static string Name(int number) => $"node-{number}.{Domain}";

    private static SyncHost Host(ServiceProvider application) => application.GetRequiredService<SyncHost>();

    private static async Task StopAsync(ServiceProvider application)
    {
        foreach (var service in application.GetServices<IHostedService>())
        {
            await service.StopAsync(CancellationToken.None);
        }

        await application.DisposeAsync();
    }

    private async Task StartAsync(ServiceProvider application)
    {
        foreach (var service in application.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
        }

        var options = application.GetRequiredService<IOptions<SyncHostOptions>>().Value;
        _nodes[options.Gossip!.Address] = await Host(application).GetNodeAsync().WaitAsync(Patience);
    }

    private ServiceProvider Application(int number, Countdown delivered, Action<GossipOptions>? change = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IReplicaStore>(new InMemoryReplicaStore());
        services.AddEventStore().AddSync(options =>
        {
            options.Node.Sync.SharedKey = SessionSide.Key;
            options.Node.OnDelivered = _ => delivered.Signal();
            options.Gossip = new GossipOptions
            {
                Address = Name(number),
                ConnectAsync = ConnectAsync,
                Interval = TimeSpan.FromMilliseconds(100),
            };
            options.Gossip.Seeds.Add(Name(Math.Max(0, number - 1)));
            change?.Invoke(options.Gossip);
        });
        return services.BuildServiceProvider();
    }

    private Task<ISyncTransport> ConnectAsync(string address, CancellationToken cancellationToken)
    {
        if (!_nodes.TryGetValue(address, out var node))
        {
            throw new IOException($"nobody is at {address} yet.");
        }

        var (there, here) = InMemorySyncTransport.CreatePair();
        _ = Task.Run(
            async () =>
            {
                try
                {
                    var outcome = await node.SynchroniseAsync(here, SyncRole.Responder);
                    if (outcome.Reason is SyncEndReason.Flooded)
                    {
                        _flooded.Enqueue(outcome);
                    }
                }
                catch (ObjectDisposedException)
                {
                    // The test is over.
                }
            },
            CancellationToken.None);
        return Task.FromResult<ISyncTransport>(there);
    }

    private sealed class Countdown(int count)
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = count;

        public Task Reached => _reached.Task;

        public void Signal()
        {
            if (Interlocked.Decrement(ref _left) == 0)
            {
                _reached.TrySetResult();
            }
        }
    }
}
