using System.Collections.Concurrent;
using System.Net;
using K1s0.EventStore.Conformance;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>A node behind a real Kestrel on a free port.</summary>
internal sealed class Endpoint : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    public static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(number => (byte)number)];

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<SyncOutcome> _outcomes;
    private readonly SemaphoreSlim _ended;

    private Endpoint(WebApplication app, ReplicaNode node, ConcurrentQueue<SyncOutcome> outcomes, SemaphoreSlim ended) =>
        (_app, Node, _outcomes, _ended) = (app, node, outcomes, ended);

    public ReplicaNode Node { get; }

    public Uri Address => new(_app.Urls.Single() + "/sync");

    public static Task<ReplicaNode> OpenNodeAsync(TimeProvider time, SyncOptions? sync = null) => ReplicaNode.OpenAsync(
        new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = sync ?? new SyncOptions { SharedKey = Key } }, time);

    public static async Task WriteAsync(ReplicaNode node, int count, string payload = "{}")
    {
        for (var i = 0; i < count; i++)
        {
            await node.WriteAsync(EventEnvelope.Create(
                new StreamId("user", "123"),
                "changed",
                System.Text.Encoding.UTF8.GetBytes(payload),
                timeProvider: new ManualTime(Noon)));
        }
    }

    public static async Task<Endpoint> StartAsync(
        TimeProvider time,
        Action<SyncEndpointOptions>? configure = null,
        SyncOptions? sync = null,
        System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null,
        Action<IApplicationBuilder>? before = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(time);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.AllowAnyClientCertificate();
                });
            }
        }));
        var app = builder.Build();
        before?.Invoke(app);
        var node = await OpenNodeAsync(time, sync);
        var (outcomes, ended) = (new ConcurrentQueue<SyncOutcome>(), new SemaphoreSlim(0));
        app.MapEventStoreSync("/sync", node, options =>
        {
            options.OnEnded = outcome =>
            {
                outcomes.Enqueue(outcome);
                ended.Release();
            };
            configure?.Invoke(options);
        });
        await app.StartAsync();
        return new Endpoint(app, node, outcomes, ended);
    }

    public async Task<SyncOutcome> NextOutcomeAsync()
    {
        (await _ended.WaitAsync(TimeSpan.FromSeconds(60))).Should().BeTrue("a session ends");
        _outcomes.TryDequeue(out var outcome).Should().BeTrue();
        return outcome!;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Node.Dispose();
        _ended.Dispose();
    }
}
