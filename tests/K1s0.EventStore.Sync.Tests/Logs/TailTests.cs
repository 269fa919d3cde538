using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A replica that lost the end of its log, was cloned or restored, is stopped before it gives a dot twice.</summary>
public sealed class TailTests
{
    private readonly List<DeliveredEvent> _delivered = [];
    private readonly Replica _node = Some.NewReplica(1);
    private readonly Replica _hub = Some.NewReplica(2);
    private readonly List<SyncEvent> _log = [];

    public TailTests()
    {
        for (var i = 0; i < 3; i++)
        {
            Write();
        }
    }

    [Fact]
    public void A_replica_read_from_storage_does_not_write_before_somebody_has_confirmed_its_end()
    {
        var restarted = Restored(at: 3);

        restarted.Tail.Should().Be(TailStatus.Unwitnessed);
        restarted.CanWrite.Should().BeFalse();
        Assert.Throws<InvalidOperationException>(() => restarted.Write(Some.Envelope()));
        restarted.Clock[_node.Self].Should().Be(3, "the refused write left nothing behind");

        restarted.Witness(_hub.HeadOf(_node.Self), _log[2].Hash).Should().Be(TailStatus.Sound);
        restarted.Write(Some.Envelope()).Event.Dot.Should().Be(new Dot(_node.Self, 4));
    }

    [Fact]
    public void A_peer_that_knows_less_confirms_what_it_knows()
    {
        var restarted = Restored(at: 3);
        var (behind, _) = (Some.NewReplica(3), 0);
        behind.Admit(_log[0], []);

        restarted.Witness(behind.HeadOf(_node.Self), _log[0].Hash).Should().Be(TailStatus.Sound);
    }

    [Fact]
    public void A_peer_that_knows_nothing_of_us_confirms_nothing()
    {
        var restarted = Restored(at: 3);

        restarted.Witness(Some.NewReplica(3).HeadOf(_node.Self), default).Should().Be(TailStatus.Unwitnessed);
        restarted.CanWrite.Should().BeFalse();
    }

    [Fact]
    public void A_restored_replica_learns_that_it_lost_its_end_and_goes_on_as_a_new_origin()
    {
        var restored = Restored(at: 1);

        restored.Witness(_hub.HeadOf(_node.Self), default).Should().Be(TailStatus.Lost);
        restored.CanWrite.Should().BeFalse();
        restored.Witness(_hub.HeadOf(_node.Self), _log[0].Hash).Should().Be(TailStatus.Lost, "it does not heal by itself");
        var next = restored.BeginIncarnation();
        restored.Admit(_log[1], _delivered).Should().Be(Admission.Delivered, "what was lost comes back");
        restored.Admit(_log[2], _delivered).Should().Be(Admission.Delivered);
        var written = restored.Write(Some.Envelope());

        next.Replica.Should().Be(_node.Self.Replica);
        written.Event.Dot.Should().Be(new Dot(next, 1));
        written.Clock[_node.Self].Should().Be(3, "the new life continues the old one");
        _hub.Admit(written.Event, _delivered).Should().Be(Admission.Delivered);
    }

    [Fact]
    public void An_own_event_that_comes_from_elsewhere_and_is_news_stops_the_writer()
    {
        var restored = Restored(at: 1, new ReplicaOptions { ContinueUnwitnessed = true });
        restored.CanWrite.Should().BeTrue();

        restored.Admit(_log[1], _delivered).Should().Be(Admission.Delivered);

        (restored.Tail, restored.CanWrite).Should().Be((TailStatus.Lost, false));
    }

    [Fact]
    public void Two_clones_that_both_wrote_are_found_at_the_first_contact()
    {
        var clone = Restored(at: 3, new ReplicaOptions { ContinueUnwitnessed = true });
        Write();
        var reused = clone.Write(Some.Envelope()).Event;
        reused.Dot.Should().Be(_log[3].Dot, "the option that allows it was set");

        clone.Witness(_hub.HeadOf(_node.Self), reused.Hash).Should().Be(TailStatus.Forked);
        clone.Admit(_log[3], _delivered).Should().Be(Admission.Forked);
        _hub.Admit(reused, _delivered).Should().Be(Admission.Forked);
        clone.CanWrite.Should().BeFalse();
        Assert.Throws<InvalidOperationException>(() => clone.Write(Some.Envelope()));
    }

    [Fact]
    public void A_history_that_differs_further_back_is_found_too()
    {
        var clone = Restored(at: 1, new ReplicaOptions { ContinueUnwitnessed = true });
        SyncEvent[] other = [_log[0], .. Enumerable.Range(0, 5).Select(_ => clone.Write(Some.Envelope()).Event)];

        clone.Witness(_hub.HeadOf(_node.Self), other[2].Hash).Should().Be(TailStatus.Forked);
    }

    [Fact]
    public void An_incarnation_is_drawn_anew_until_it_is_free()
    {
        var draws = new Queue<ulong>([0, 7, 7, 8]);
        _node.BeginIncarnation(draws.Dequeue).Incarnation.Should().Be(7);
        _node.Write(Some.Envelope());

        _node.BeginIncarnation(draws.Dequeue).Incarnation.Should().Be(8);
    }

    private void Write()
    {
        var written = _node.Write(Some.Envelope()).Event;
        _log.Add(written);
        _hub.Admit(written, []).Should().Be(Admission.Delivered);
    }

    // The node as its storage was after so many of its events.
    private Replica Restored(int at, ReplicaOptions? options = null) => Replica.Resume(
        _node.Self,
        [new OriginHead(_log[at - 1].Dot, _log[at - 1].Hash, _log[at - 1].Time, VectorClock.Empty)],
        new HybridClock(new ManualTime(Some.Noon)),
        options);

    [Fact]
    public void An_event_whose_writer_has_seen_more_of_our_log_than_we_have_tells_that_the_end_is_lost()
    {
        var (whole, other) = (Some.NewReplica(1), Some.NewReplica(2));
        var restored = Some.NewReplica(1);
        restored.Tail.Should().Be(TailStatus.Sound);
        other.Admit(whole.Write(Some.Envelope()).Event, []);

        restored.Admit(other.Write(Some.Envelope()).Event, []).Should().Be(Admission.Waiting);

        (restored.Tail, restored.CanWrite).Should().Be((TailStatus.Lost, false));
    }

    [Fact]
    public void An_event_that_peers_would_refuse_takes_no_place()
    {
        var replica = Some.NewReplica(1);

        Assert.Throws<InvalidEventException>(() => replica.Write(Some.Envelope(payload: "{")));

        replica.Clock.Should().Be(VectorClock.Empty);
    }
}
