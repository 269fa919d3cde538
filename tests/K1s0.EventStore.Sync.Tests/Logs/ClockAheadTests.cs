using K1s0.EventStore.Sync.Simulation;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A clock that was wrong once must not make a replica write what nobody takes.</summary>
public sealed class ClockAheadTests
{
    private readonly SimulatedClock _clock = new(new Schedule());

    [Fact]
    public void A_replica_does_not_go_on_from_a_time_that_peers_refuse()
    {
        var replica = Some.NewReplica(1, _clock);
        _clock.Error = TimeSpan.FromMinutes(10);
        replica.Write(Some.Envelope());
        _clock.Error = TimeSpan.Zero;

        var refused = Assert.Throws<ClockAheadException>(() => replica.Write(Some.Envelope()));

        (refused.Ahead, refused.MaxDrift).Should().Be((TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1)));
        replica.Clock[replica.Self].Should().Be(1, "the refused write left nothing behind");
        _clock.Error = TimeSpan.FromMinutes(9);
        replica.Write(Some.Envelope()).Event.Dot.Sequence.Should().Be(2, "time has come near enough");
    }

    [Fact]
    public async Task The_way_out_that_the_exception_names_leads_on()
    {
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        var stuck = await OpenAsync(new InMemoryReplicaStore());
        await stuck.WriteAsync(Some.Envelope(payload: "1"));
        await ForkedLogs.MeetAsync(stuck, peer);
        _clock.Error = TimeSpan.FromDays(20_000);
        await stuck.WriteAsync(Some.Envelope(payload: "2"));
        await stuck.WriteAsync(Some.Envelope(payload: "3"));
        _clock.Error = TimeSpan.Zero;
        (await Assert.ThrowsAsync<ClockAheadException>(() => stuck.WriteAsync(Some.Envelope()))).Message.Should().Contain("empty store");
        (await ForkedLogs.MeetAsync(stuck, peer)).Called.TooFarAhead.Should().Equal(stuck.Self);

        // An empty store, what the peer has, and what it never took again.
        using var next = await OpenAsync(new InMemoryReplicaStore());
        await ForkedLogs.MeetAsync(next, peer);
        foreach (var lost in (await stuck.ReadHistoryAsync().ToListAsync()).Where(one => !next.Clock.Covers(one.Event.Dot)))
        {
            await next.WriteAsync(lost.Event.Envelope);
        }

        stuck.Dispose();
        await ForkedLogs.MeetAsync(next, peer);
        (await peer.ReadHistoryAsync().ToListAsync()).Select(one => one.Event.Envelope.Payload.GetInt32()).Should().Equal(1, 2, 3);
        (await next.WriteAsync(Some.Envelope())).Event.Dot.Sequence.Should().Be(3);
    }

    private Task<ReplicaNode> OpenAsync(InMemoryReplicaStore store) =>
        ReplicaNode.OpenAsync(store, new ReplicaNodeOptions { Sync = SessionSide.Options() }, _clock);

    [Fact]
    public async Task Who_sends_what_is_of_the_future_is_told_so()
    {
        var left = new SessionSide(SyncRole.Initiator, Some.NewReplica(1, _clock), SessionSide.Options());
        var right = new SessionSide(SyncRole.Responder, Some.NewReplica(2), SessionSide.Options());
        await left.WriteAsync(1);
        _clock.Error = TimeSpan.FromMinutes(10);
        await left.WriteAsync(2);
        _clock.Error = TimeSpan.Zero;

        await new SessionPair(left, right).RunAsync();

        left.Reports[0].TooFarAhead.Should().Equal(left.Replica.Self);
        right.Reports[0].EventsRefused.Should().ContainKey(Admission.ClockTooFarAhead);
        right.Reports[0].Lacking.Should().Equal(left.Replica.Self);
        right.Reports[0].TooFarAhead.Should().BeEmpty();
    }
}
