using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Replicas that prove themselves with certificates: over TCP, and the judgement itself.</summary>
public sealed class CertificateTests : IDisposable
{
    private static readonly SyncOptions ByTransport = new() { IsTransportAuthenticated = true };

    private readonly ManualTime _time = new(Some.Noon);
    private readonly ReplicaId _server = ReplicaId.Create();
    private readonly ReplicaId _client = ReplicaId.Create();
    private readonly X509Certificate2 _authority = Certificates.Authority();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task Pinned_certificates_let_two_replicas_talk_over_tcp()
    {
        using var ofServer = Certificates.SelfSigned();
        using var ofClient = Certificates.SelfSigned();
        var peers = PeerCertificates.Pinned([(_server, ofServer), (_client, ofClient)], _time);
        using var node = await OpenAsync();
        using var caller = await OpenAsync();
        await node.WriteAsync(Some.Envelope());
        await using var listener = TcpSyncListener.Start(
            node, new IPEndPoint(IPAddress.Loopback, 0), tls: new PeerTls(ofServer, peers));

        var transport = await TcpSyncListener.ConnectAsync(
            listener.LocalEndPoint, new PeerTls(ofClient, peers), _server);

        transport.AuthenticatedPeer.Should().Be(_server);
        (await caller.SynchroniseAsync(transport, SyncRole.Initiator)).IsCompleted.Should().BeTrue();
        caller.Clock.Should().Be(node.Clock);
    }

    [Fact]
    public async Task A_caller_whose_certificate_is_refused_learns_nothing()
    {
        using var ofServer = Certificates.Issue(_authority, _server);
        using var other = Certificates.Authority();
        using var foreign = Certificates.Issue(other, _client);
        using var expired = Certificates.SelfSigned(to: Some.Noon.AddDays(-1));
        using var node = await OpenAsync();
        using var caller = await OpenAsync();
        await node.WriteAsync(Some.Envelope());
        var outcomes = System.Threading.Channels.Channel.CreateUnbounded<SyncOutcome>();
        await using var listener = TcpSyncListener.Start(
            node,
            new IPEndPoint(IPAddress.Loopback, 0),
            onEnded: outcome => outcomes.Writer.TryWrite(outcome),
            tls: new PeerTls(ofServer, PeerCertificates.IssuedBy([_authority], _time)));
        foreach (var (shown, why) in new[] { (foreign, "authority"), (expired, "holds from") })
        {
            var tls = new PeerTls(shown, PeerCertificates.IssuedBy([_authority], _time));
            var refused = await TryAsync(caller, listener, tls);

            refused.Should().BeOneOf(SyncEndReason.Disconnected, SyncEndReason.NotAuthenticated);
            var outcome = await outcomes.Reader.ReadAsync();
            (outcome.Reason, outcome.Report).Should().Be((SyncEndReason.NotAuthenticated, null));
            outcome.Detail.Should().Contain(why);
        }

        caller.Clock.Should().Be(VectorClock.Empty);
    }

    [Fact]
    public async Task A_listener_that_is_another_replica_or_speaks_no_tls_is_not_talked_to()
    {
        using var ofServer = Certificates.Issue(_authority, _server);
        using var ofClient = Certificates.Issue(_authority, _client);
        var peers = PeerCertificates.IssuedBy([_authority], _time);
        using var node = await OpenAsync();
        await using var listener = TcpSyncListener.Start(
            node, new IPEndPoint(IPAddress.Loopback, 0), tls: new PeerTls(ofServer, peers));

        var act = () => TcpSyncListener.ConnectAsync(
            listener.LocalEndPoint, new PeerTls(ofClient, peers), ReplicaId.Create());
        (await act.Should().ThrowAsync<PeerRefusedException>()).Which.Reason.Should().Be(PeerRefusal.WrongReplica);

        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var calling = TcpSyncListener.ConnectAsync((EndPoint)mute.LocalEndpoint, new PeerTls(ofClient, peers), _server);
        using (var accepted = await mute.AcceptSocketAsync())
        {
            await accepted.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            (await Assert.ThrowsAsync<PeerRefusedException>(() => calling)).Reason
                .Should().Be(PeerRefusal.NoSecureConnection);
        }
    }

    [Fact]
    public async Task A_caller_that_never_begins_to_agree_does_not_hold_a_place_for_ever()
    {
        using var ofServer = Certificates.Issue(_authority, _server);
        using var node = await OpenAsync();
        var ended = new TaskCompletionSource<SyncOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var handshakes = new SemaphoreSlim(0);
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        var time = new TimerCountingTime(_time, handshakes);
        using var slow = await ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = ByTransport }, time);
        await using var listener = new TcpSyncListener(
            slow, socket, 1, ended.SetResult, socket.AcceptSocketAsync, new PeerTls(ofServer, PeerCertificates.IssuedBy([_authority], _time)));
        using var silent = new TcpClient();
        await silent.ConnectAsync(listener.LocalEndPoint);
        await handshakes.WaitAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(11));

        (await ended.Task.WaitAsync(TimeSpan.FromSeconds(30))).Reason.Should().Be(SyncEndReason.NotAuthenticated);
    }

    [Fact]
    public void A_certificate_is_judged_by_its_time_its_issuer_and_its_name()
    {
        using var other = Certificates.Authority();
        var peers = PeerCertificates.IssuedBy([_authority], _time);
        var name = PeerCertificates.ReplicaName;
        using var good = Certificates.Issue(_authority, _client);
        peers.Identify(good).Should().Be(_client);
        peers.Identify(good, _client).Should().Be(_client);
        Refusal(() => peers.Identify(good, _server)).Should().Be(PeerRefusal.WrongReplica);
        Refusal(() => peers.Identify(null)).Should().Be(PeerRefusal.NoCertificate);
        Refusal(() => peers.Identify(Certificates.Issue(other, _client))).Should().Be(PeerRefusal.WrongAuthority);
        Refusal(() => peers.Identify(Certificates.SelfSigned())).Should().Be(PeerRefusal.WrongAuthority);
        Refusal(() => peers.Identify(Certificates.Issue(_authority))).Should().Be(PeerRefusal.NamesNoReplica);
        Refusal(() => peers.Identify(Certificates.Issue(_authority, "urn:other:1"))).Should().Be(PeerRefusal.NamesNoReplica);
        Refusal(() => peers.Identify(Certificates.Issue(_authority, name + "12"))).Should().Be(PeerRefusal.NamesNoReplica);
        Refusal(() => peers.Identify(Certificates.Issue(_authority, name + _client, name + _server)))
            .Should().Be(PeerRefusal.NamesNoReplica);

        _time.Advance(TimeSpan.FromDays(365));
        Refusal(() => peers.Identify(good)).Should().Be(PeerRefusal.OutsideValidity);
        var early = PeerCertificates.IssuedBy([_authority], new ManualTime(Certificates.From.AddDays(-1)));
        Refusal(() => early.Identify(good)).Should().Be(PeerRefusal.OutsideValidity);
    }

    [Fact]
    public void A_pin_is_that_of_one_replica_and_of_one_certificate()
    {
        using var known = Certificates.SelfSigned();
        using var renewed = Certificates.SelfSigned();
        using var unknown = Certificates.SelfSigned();
        var peers = PeerCertificates.Pinned([(_client, known), (_client, renewed)], _time);

        peers.Identify(known).Should().Be(_client);
        peers.Identify(renewed).Should().Be(_client);
        Refusal(() => peers.Identify(unknown)).Should().Be(PeerRefusal.UnknownCertificate);
        Assert.Throws<ArgumentException>(() => PeerCertificates.Pinned([(_client, known), (_server, known)]));
        Assert.Throws<ArgumentException>(() => PeerCertificates.Pinned([]));
        Assert.Throws<ArgumentException>(() => PeerCertificates.IssuedBy([]));
    }

    private static PeerRefusal Refusal(Action act) => Assert.Throws<PeerRefusedException>(act).Reason;

    private static async Task<SyncEndReason> TryAsync(ReplicaNode caller, TcpSyncListener listener, PeerTls tls)
    {
        try
        {
            var transport = await TcpSyncListener.ConnectAsync(listener.LocalEndPoint, tls);
            return (await caller.SynchroniseAsync(transport, SyncRole.Initiator)).Reason;
        }
        catch (PeerRefusedException)
        {
            return SyncEndReason.NotAuthenticated;
        }
    }

    private Task<ReplicaNode> OpenAsync() => ReplicaNode.OpenAsync(
        new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = ByTransport }, _time);

    /// <summary>Says when somebody begins to wait.</summary>
    private sealed class TimerCountingTime(ManualTime inner, SemaphoreSlim timers) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = inner.CreateTimer(callback, state, dueTime, period);
            timers.Release();
            return timer;
        }
    }
}
