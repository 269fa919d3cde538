using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>What a replica refuses, and what changes then: nothing.</summary>
public sealed class ReplicaTests
{
    private readonly List<DeliveredEvent> _delivered = [];
    private readonly ManualTime _wall = new(Some.Noon);

    [Fact]
    public void An_event_that_is_there_is_not_delivered_again()
    {
        var (a, b) = (Some.NewReplica(1), Some.NewReplica(2));
        var (first, second) = (a.Write(Some.Envelope()).Event, a.Write(Some.Envelope()).Event);

        b.Admit(first, _delivered).Should().Be(Admission.Delivered);
        b.Admit(second, _delivered).Should().Be(Admission.Delivered);
        b.Admit(second, _delivered).Should().Be(Admission.Duplicate);
        b.Admit(first, _delivered).Should().Be(Admission.Duplicate);

        _delivered.Should().HaveCount(2);
    }

    [Fact]
    public void An_event_before_its_cause_waits_and_comes_with_it()
    {
        var (a, b, c) = (Some.NewReplica(1), Some.NewReplica(2), Some.NewReplica(3));
        var cause = a.Write(Some.Envelope()).Event;
        b.Admit(cause, []);
        var effect = b.Write(Some.Envelope()).Event;

        c.Admit(effect, _delivered).Should().Be(Admission.Waiting);
        c.Admit(effect, _delivered).Should().Be(Admission.Waiting);
        _delivered.Should().BeEmpty();
        c.Clock.Should().Be(VectorClock.Empty, "what waits is not known");

        c.Admit(cause, _delivered).Should().Be(Admission.Delivered);
        _delivered.Select(delivered => delivered.Event.Hash).Should().Equal(cause.Hash, effect.Hash);
        c.WaitingEvents.Should().Be(0);
    }

    [Fact]
    public void What_waits_is_bounded_by_count_and_by_bytes_and_blocks_nothing()
    {
        var a = Some.NewReplica(1);
        var events = Enumerable.Range(0, 6)
            .Select(_ => a.Write(Some.Envelope(payload: $"\"{new string('x', 100)}\"")).Event).ToArray();
        var byCount = Some.NewReplica(2, options: new ReplicaOptions { MaxWaitingEvents = 2 });
        var byBytes = Some.NewReplica(2, options: new ReplicaOptions { MaxWaitingBytes = 2 * (200 + 102 + 2) });

        foreach (var replica in new[] { byCount, byBytes })
        {
            _delivered.Clear();
            replica.Admit(events[5], _delivered).Should().Be(Admission.Waiting);
            replica.Admit(events[4], _delivered).Should().Be(Admission.Waiting);
            replica.Admit(events[3], _delivered).Should().Be(Admission.NoRoomToWait);
            foreach (var next in events[..4])
            {
                replica.Admit(next, _delivered).Should().Be(Admission.Delivered);
            }

            _delivered.Select(delivered => delivered.Event.Hash).Should().Equal(events.Select(one => one.Hash));
        }
    }

    [Fact]
    public void What_waits_keeps_no_batch_in_memory_and_counts_with_what_it_observed()
    {
        var (a, b, c) = (Some.NewReplica(1), Some.NewReplica(2), Some.NewReplica(3));
        var causes = Enumerable.Range(0, 2).Select(_ => a.Write(Some.Envelope()).Event).ToArray();
        Array.ForEach(causes, cause => b.Admit(cause, []));
        var batch = new byte[1024 * 1024];
        "\"long\""u8.CopyTo(batch);
        var effect = b.Write(Some.Envelope() with { PayloadUtf8 = batch.AsMemory(0, 6), MetadataUtf8 = batch.AsMemory(0, 6) });
        var tight = Some.NewReplica(4, options: new ReplicaOptions { MaxWaitingBytes = 200 + 12 + 31 });

        c.Admit(effect.Event, _delivered).Should().Be(Admission.Waiting);
        tight.Admit(effect.Event, []).Should().Be(Admission.NoRoomToWait, "it observed an origin");

        Array.ForEach(causes, cause => c.Admit(cause, _delivered));
        var released = _delivered[^1].Event;
        (released.Hash, released.Content).Should().Be((effect.Event.Hash, effect.Event.Content));
        foreach (var part in new[] { released.Envelope.PayloadUtf8, released.Envelope.MetadataUtf8 })
        {
            System.Runtime.InteropServices.MemoryMarshal.TryGetArray(part, out var array).Should().BeTrue();
            array.Array.Should().HaveCount(6);
        }
    }

    [Fact]
    public void A_second_version_of_a_log_is_refused_and_the_first_stays()
    {
        var (honest, clone, b) = (Some.NewReplica(1), Some.NewReplica(1), Some.NewReplica(2));
        var (first, other) = (honest.Write(Some.Envelope()).Event, clone.Write(Some.Envelope()).Event);
        var (second, otherSecond) = (honest.Write(Some.Envelope()).Event, clone.Write(Some.Envelope()).Event);

        b.Admit(first, _delivered).Should().Be(Admission.Delivered);
        b.Admit(other, _delivered).Should().Be(Admission.Forked, "another event has this dot");
        b.Admit(otherSecond, _delivered).Should().Be(Admission.Forked, "it follows another event");
        b.Admit(second, _delivered).Should().Be(Admission.Delivered);

        b.HeadOf(honest.Self).Hash.Should().Be(second.Hash);
        b.Tail.Should().Be(TailStatus.Sound, "it is not our log");
    }

    [Fact]
    public void An_event_from_the_future_is_refused_until_its_time_has_come()
    {
        var ahead = Some.NewReplica(1, new ManualTime(Some.Noon.AddMinutes(5))).Write(Some.Envelope()).Event;
        var b = Some.NewReplica(2, _wall);

        b.Admit(ahead, _delivered).Should().Be(Admission.ClockTooFarAhead);
        b.Clock.Should().Be(VectorClock.Empty);
        b.Write(Some.Envelope()).Event.Time.WallTime.Should().Be(Some.Noon, "the clock did not follow");

        _wall.Advance(TimeSpan.FromMinutes(4));
        b.Admit(ahead, _delivered).Should().Be(Admission.Delivered);
        b.Write(Some.Envelope()).Event.Time.Should().BeGreaterThan(ahead.Time);
    }

    [Fact]
    public void A_log_whose_time_runs_backwards_is_refused()
    {
        var origin = Some.Origin(1);
        var first = SyncEvent.Create(
            new Dot(origin, 1), new HybridTime(9), SyncEvent.Genesis(origin), VectorClock.Empty, Some.Envelope());
        var second = SyncEvent.Create(
            new Dot(origin, 2), new HybridTime(9), first.Hash, VectorClock.Empty, Some.Envelope());
        var b = Some.NewReplica(2);
        b.Admit(first, _delivered);

        b.Admit(second, _delivered).Should().Be(Admission.ClockRunsBackwards);
        b.Clock[origin].Should().Be(1);
    }

    [Fact]
    public void More_origins_than_allowed_are_refused()
    {
        var b = Some.NewReplica(9, options: new ReplicaOptions { MaxOrigins = 2 });

        b.Admit(Some.NewReplica(1).Write(Some.Envelope()).Event, _delivered).Should().Be(Admission.Delivered);
        b.Admit(Some.NewReplica(2).Write(Some.Envelope()).Event, _delivered).Should().Be(Admission.Delivered);
        b.Admit(Some.NewReplica(3).Write(Some.Envelope()).Event, _delivered).Should().Be(Admission.TooManyOrigins);
        b.Clock.Count.Should().Be(2);
    }

    [Fact]
    public void A_resumed_replica_names_as_observed_what_its_last_event_had_not()
    {
        var (a, b) = (Some.NewReplica(1), Some.NewReplica(2));
        var (first, second) = (a.Write(Some.Envelope()).Event, a.Write(Some.Envelope()).Event);
        b.Admit(first, []);
        b.Write(Some.Envelope());
        b.Admit(second, []);
        var resumed = Resumed(b, new ReplicaOptions { ContinueUnwitnessed = true });

        var next = resumed.Write(Some.Envelope());

        next.Event.Observed.Should().Be(VectorClock.Of(second.Dot));
        next.Clock.Should().Be(VectorClock.Of(second.Dot, new Dot(b.Self, 2)));
        next.Event.Previous.Should().Be(b.HeadOf(b.Self).Hash);
        resumed.Write(Some.Envelope()).Event.Observed.Should().Be(VectorClock.Empty);
    }

    [Fact]
    public void An_option_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Some.NewReplica(1, options: new ReplicaOptions { MaxOrigins = 0 }));
        Assert.Throws<ArgumentException>(() => new Replica(default, new HybridClock(_wall)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HybridClock(_wall, TimeSpan.FromDays(8)));
    }

    private static Replica Resumed(Replica replica, ReplicaOptions? options = null) =>
        Replica.Resume(
            replica.Self,
            replica.Clock.Entries.ToArray().Select(dot => replica.HeadOf(dot.Origin)),
            new HybridClock(new ManualTime(Some.Noon)),
            options);
}
