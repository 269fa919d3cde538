using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>Applications that find each other by gossip over HTTP, through real servers, connections and time.</summary>
public sealed class GossipOverHttpTests
{
    private const int Count = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<string, Uri> _addresses = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<SyncOutcome> _broken = [];

    [Fact]
    [Trait("Row", "S13")]
    public async Task Many_nodes_converge_by_gossip_over_http()
    {
        using var http = new HttpClient();
        var (left, delivered) = (Count * Count, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var applications = new List<WebApplication>();
        try
        {
            for (var number = 0; number < Count; number++)
            {
                applications.Add(await StartAsync(number, http, () =>
                {
                    if (Interlocked.Decrement(ref left) == 0)
                    {
                        delivered.TrySetResult();
                    }
                }));
            }

            var nodes = await Task.WhenAll(applications.Select(app => Host(app).GetNodeAsync())).WaitAsync(Patience);
            foreach (var node in nodes)
            {
                await Endpoint.WriteAsync(node, 1);
            }

            // Nobody has a peer that is called; each knows one other from the start.
            await delivered.Task.WaitAsync(Patience);

            nodes.Select(node => node.Clock).Distinct().Should().ContainSingle().Which.Count.Should().Be(Count);
            applications.Select(Host).Should().OnlyContain(host => host.Peers.Count == 0 && host.Members.Count > 0);
            _broken.Should().BeEmpty("gossip keeps to the protocol");
        }
        finally
        {
            foreach (var app in applications)
            {
                await app.DisposeAsync();
            }
        }
    }

    private static string Name(int number) => $"shop-{number}";

    private static SyncHost Host(WebApplication app) => app.Services.GetRequiredService<SyncHost>();

    private async Task<WebApplication> StartAsync(int number, HttpClient http, Action delivered)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton<IReplicaStore>(new InMemoryReplicaStore());
        builder.Services.AddEventStore().AddSync(options =>
        {
            options.Node.Sync.SharedKey = Endpoint.Key;
            options.Node.OnDelivered = _ => delivered();
            options.Gossip = new GossipOptions
            {
                Address = Name(number),
                Interval = TimeSpan.FromMilliseconds(100),
                ConnectAsync = (name, _) => _addresses.TryGetValue(name, out var address)
                    ? Task.FromResult<ISyncTransport>(new HttpSyncTransport(http, address))
                    : throw new IOException($"nobody is called {name}."),
            };
            options.Gossip.Seeds.Add(Name(Math.Max(0, number - 1)));
        });
        var app = builder.Build();
        app.MapEventStoreSync("/sync", options => options.OnEnded = outcome =>
        {
            if (outcome.Reason is SyncEndReason.Flooded or SyncEndReason.ProtocolBroken or SyncEndReason.FrameForged)
            {
                _broken.Enqueue(outcome);
            }
        });
        await app.StartAsync();
        _addresses[Name(number)] = new Uri(app.Urls.Single() + "/sync");
        return app;
    }
}
