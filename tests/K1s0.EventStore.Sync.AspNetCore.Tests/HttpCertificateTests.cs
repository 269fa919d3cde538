using System.Security.Cryptography.X509Certificates;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>Replicas that prove themselves with certificates over https.</summary>
public sealed class HttpCertificateTests : IDisposable
{
    private static readonly SyncOptions ByTransport = new() { IsTransportAuthenticated = true };

    private readonly ManualTime _time = new(Endpoint.Noon);
    private readonly ReplicaId _server = ReplicaId.Create();
    private readonly ReplicaId _client = ReplicaId.Create();
    private readonly X509Certificate2 _authority = Certificates.Authority();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Certificates_of_one_authority_let_two_replicas_talk()
    {
        await using var endpoint = await StartAsync();
        await Endpoint.WriteAsync(endpoint.Node, 3);
        using var certificate = Certificates.Issue(_authority, _client);
        using var caller = await Endpoint.OpenNodeAsync(_time, ByTransport);

        var outcome = await SynchroniseAsync(caller, endpoint, Tls(certificate), _server);

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        caller.Clock.Should().Be(endpoint.Node.Clock);
    }

    [Fact]
    public async Task A_caller_of_another_authority_or_without_a_certificate_learns_nothing()
    {
        await using var endpoint = await StartAsync();
        await Endpoint.WriteAsync(endpoint.Node, 3);
        using var other = Certificates.Authority();
        using var foreign = Certificates.Issue(other, _client);
        using var caller = await Endpoint.OpenNodeAsync(_time, ByTransport);

        var outcome = await SynchroniseAsync(caller, endpoint, Tls(foreign), _server);

        outcome.Reason.Should().Be(SyncEndReason.NotAuthenticated);
        (await endpoint.NextOutcomeAsync()).Detail.Should().Contain("authority");
        caller.Clock.Should().Be(VectorClock.Empty);

        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
        using var anonymous = new HttpClient(handler);
        (await caller.SynchroniseAsync(new HttpSyncTransport(anonymous, endpoint.Address), SyncRole.Initiator))
            .Reason.Should().Be(SyncEndReason.NotAuthenticated);
        (await endpoint.NextOutcomeAsync()).Detail.Should().Contain("no certificate");
    }

    [Fact]
    public async Task A_server_that_is_another_replica_is_not_talked_to()
    {
        await using var endpoint = await StartAsync();
        using var certificate = Certificates.Issue(_authority, _client);
        using var caller = await Endpoint.OpenNodeAsync(_time, ByTransport);

        var outcome = await SynchroniseAsync(caller, endpoint, Tls(certificate), ReplicaId.Create());

        outcome.Reason.Should().Be(SyncEndReason.NotAuthenticated);
        outcome.Detail.Should().Contain(_server.ToString());
    }

    [Fact]
    public async Task A_session_belongs_to_the_peer_that_began_it()
    {
        await using var endpoint = await StartAsync();
        using var certificate = Certificates.Issue(_authority, _client);
        using var another = Certificates.Issue(_authority, ReplicaId.Create());
        using var own = new HttpClient(Tls(certificate).CreateHandler(_server));
        using var others = new HttpClient(Tls(another).CreateHandler(_server));
        byte[] hello = [1, .. "K1SY"u8, 1, 1, 0, .. Enumerable.Repeat((byte)7, 32), .. (byte[])[0x80, 0x80, 0x40]];
        using var opened = await own.PostAsync(endpoint.Address, HttpRequests.Body(HttpRequests.Framed(hello)));
        var session = $"{endpoint.Address}/{HttpRequests.SessionOf(opened)}";

        (await others.PostAsync($"{session}/1", HttpRequests.Body([]))).StatusCode
            .Should().Be(System.Net.HttpStatusCode.Forbidden);
        (await others.DeleteAsync(session)).StatusCode.Should().Be(System.Net.HttpStatusCode.Forbidden);
        (await own.DeleteAsync(session)).StatusCode.Should().Be(System.Net.HttpStatusCode.NoContent);
    }

    private Task<Endpoint> StartAsync() => Endpoint.StartAsync(
        _time,
        options => options.Peers = PeerCertificates.IssuedBy([_authority], _time),
        ByTransport,
        Certificates.Issue(_authority, _server));

    private PeerTls Tls(X509Certificate2 certificate) =>
        new(certificate, PeerCertificates.IssuedBy([_authority], _time));

    private static async Task<SyncOutcome> SynchroniseAsync(
        ReplicaNode caller, Endpoint endpoint, PeerTls tls, ReplicaId peer)
    {
        using var http = new HttpClient(tls.CreateHandler(peer));
        return await caller.SynchroniseAsync(
            new HttpSyncTransport(http, endpoint.Address, peer), SyncRole.Initiator);
    }
}
