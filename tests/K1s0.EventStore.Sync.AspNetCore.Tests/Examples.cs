using System.Net;
using System.Security.Cryptography.X509Certificates;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>The examples of the READMEs about transports, run.</summary>
public sealed class Examples
{
    private readonly ManualTime _time = new(Endpoint.Noon);

    [Fact]
    public async Task The_examples_of_http_and_certificates_let_two_nodes_agree()
    {
        var (mine, theirs) = (ReplicaId.Create(), ReplicaId.Create());
        using var authority = Certificates.Authority();
        using var certificate = Certificates.Issue(authority, theirs);
        using var own = Certificates.Issue(authority, mine);
        using var node = await Endpoint.OpenNodeAsync(_time);
        await Endpoint.WriteAsync(node, 1);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        // snippet: sync-endpoint-certificates
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https =>
        {
            https.ServerCertificate = certificate;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.AllowAnyClientCertificate(); // the endpoint judges
        }));

        // end-snippet
        builder.WebHost.UseUrls("https://127.0.0.1:0");
        await using var app = builder.Build();
        // snippet: sync-endpoint
        app.MapEventStoreSync("/sync", node);

        // end-snippet
        await app.StartAsync();
        using var caller = await Endpoint.OpenNodeAsync(_time);
        var address = new Uri(app.Urls.Single() + "/sync");

        var outcome = await CallAsync(caller, own, authority, theirs, address);

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        caller.Clock.Should().Be(node.Clock);
    }

    [Fact]
    public async Task The_example_of_rights_keeps_the_audit_log_at_home()
    {
        var hub = ReplicaId.Create();
        var key = Endpoint.Key;
        // snippet: sync-rights
        var options = new SyncOptions
        {
            SharedKey = key,
            RightsOf = peer => peer == hub
                ? PeerRights.All
                : new PeerRights
                {
                    CanRead = next => next.Envelope.StreamId.AggregateType is not "audit",
                    CanWrite = brought => brought.Dot.Origin.Replica == peer, // its own log, nobody else's
                },
        };

        // end-snippet
        using var node = await Endpoint.OpenNodeAsync(_time, options);
        using var caller = await Endpoint.OpenNodeAsync(_time);
        await Endpoint.WriteAsync(node, 1);
        await node.WriteAsync(EventEnvelope.Create(
            new StreamId("audit", "1"), "read", "{}"u8.ToArray(), timeProvider: _time));
        var (there, here) = InMemorySyncTransport.CreatePair();
        var answering = node.SynchroniseAsync(here, SyncRole.Responder);
        await caller.SynchroniseAsync(there, SyncRole.Initiator);
        await answering;

        caller.Clock[node.Self].Should().Be(1);
    }

    [Fact]
    public async Task The_example_of_registration_opens_a_node()
    {
        var services = new ServiceCollection();
        var (key, machineId) = (Endpoint.Key, "machine-a");
        var address = new Uri("http://127.0.0.1:1/sync");
        using var http = new HttpClient();
        services.AddEventStore().UseInMemory().AddSync(options => options.Node.Sync.SharedKey = key);
        // snippet: sync-host
        services.AddEventStore().AddSync(options =>
        {
            options.Node.Sync.SharedKey = key;
            options.Node.Installation = machineId;
            options.Peers.Add(SyncPeer.Http("headquarters", address, http));
            options.ListenOn = new IPEndPoint(IPAddress.Loopback, 0);
        });

        // end-snippet
        await using var provider = services.BuildServiceProvider();
        var service = provider.GetServices<Microsoft.Extensions.Hosting.IHostedService>().Single();
        await service.StartAsync(CancellationToken.None);
        var node = await provider.GetRequiredService<SyncHost>().GetNodeAsync();

        node.CanWrite.Should().BeTrue();
        await service.StopAsync(CancellationToken.None);
    }

    private static async Task<SyncOutcome> CallAsync(
        ReplicaNode node, X509Certificate2 certificate, X509Certificate2 authority, ReplicaId hub, Uri address)
    {
        // snippet: sync-certificates
        var tls = new PeerTls(certificate, PeerCertificates.IssuedBy([authority]));
        using var http = new HttpClient(tls.CreateHandler(hub));

        var outcome = await node.SynchroniseAsync(new HttpSyncTransport(http, address, hub), SyncRole.Initiator);

        // end-snippet
        return outcome;
    }
}
