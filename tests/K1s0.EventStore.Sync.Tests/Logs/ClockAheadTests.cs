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
