using System.Text;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A log that a peer does not take must not take all the time of a slow link, again and again.</summary>
public sealed class StuckLogsTests
{
    private const double HalfMegabit = 500_000 / 8.0;

    private static readonly StreamId Readings = new("reading", "7");

    private readonly Random _random = SeededRandom.Create();
    private readonly ManualTime _time = new(Some.Noon);
    private readonly InMemoryReplicaStore _store = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_behind_a_large_log_that_is_refused_comes_through(bool isLimited)
    {
        var (left, right) = (Some.NewReplica(1, _time), Some.NewReplica(2, _time));
        await WriteLogAsync(left, Some.NewReplica(3, _time), 600);
        _time.Advance(TimeSpan.FromSeconds(1));
        await WriteLogAsync(left, Some.NewReplica(4, _time), 20);

        var refused = new PeerRights { CanWrite = brought => brought.Dot.Origin != Some.Origin(3) };
        var (meter, answers, sessions) = (Constrained(), new InMemoryReplicaStore(), 0);
        while (right.Clock[Some.Origin(4)] < 20)
        {
            var caller = new SessionSide(SyncRole.Initiator, left, Options(isLimited), _store) { Link = meter };
            var answerer = new SessionSide(SyncRole.Responder, right, Options(isLimited), answers) { Rights = refused };

            // Where a round is not limited, the link breaks long before the end of what is refused.
            await new SlowLink(caller, answerer, HalfMegabit, TimeSpan.FromMilliseconds(20))
                .RunAsync(isLimited ? null : TimeSpan.FromSeconds(6));

            (++sessions).Should().BeLessThanOrEqualTo(2, "the second time what did not come on goes last");
        }

        right.Clock.Should().Be(VectorClock.Of([new Dot(Some.Origin(4), 20)]));
    }

    [Fact]
    public void Where_a_peer_may_not_be_given_everything_nothing_is_kept_of_what_was_sent()
    {
        var (written, other, meter) = (Some.NewReplica(1, _time).Write(Envelope(50)).Event, new Dot(Some.Origin(2), 5), new LinkMeter());
        var limited = new PeerRights { CanRead = _ => true };
        new RoundLink(Options(isLimited: false), null!, null!, limited, meter).Sent([written], VectorClock.Empty);

        meter.Stuck.First([written.Dot, other], VectorClock.Empty).Should().Equal(written.Dot, other);
    }

    [Fact]
    public async Task What_was_stuck_goes_too_when_all_else_is_there_and_in_its_turn_when_it_has_come_on()
    {
        var stuck = new StuckLogs();
        var (one, two) = (new Dot(Some.Origin(1), 5), new Dot(Some.Origin(2), 5));
        stuck.First([one, two], VectorClock.Empty).Should().Equal(one, two);
        stuck.Sent(one.Origin, 0);
        stuck.First([one, two], VectorClock.Empty).Should().Equal(two);
        stuck.First([one, two], VectorClock.Empty).Should().Equal([two], "it is remembered until it comes on");
        stuck.Sent(two.Origin, 0);
        stuck.First([one, two], VectorClock.Empty).Should().Equal([one, two], "everything is stuck");
        stuck.First([one, two], VectorClock.Of([one with { Sequence = 1 }])).Should().Equal(one);

        // In one round that is not limited, both.
        var (left, right) = (Some.NewReplica(1, _time), Some.NewReplica(2, _time));
        await WriteLogAsync(left, Some.NewReplica(3, _time), 3);
        await _store.AppendAsync([left.Write(Envelope(50))]);
        var meter = new LinkMeter();
        meter.Stuck.Sent(Some.Origin(3), 0);
        var caller = new SessionSide(SyncRole.Initiator, left, Options(isLimited: false), _store) { Link = meter };
        var answerer = new SessionSide(SyncRole.Responder, right, Options(isLimited: false));
        await new SlowLink(caller, answerer, HalfMegabit, TimeSpan.FromMilliseconds(20)).RunAsync();
        right.Clock.Should().Be(left.Clock);
    }

    [Fact]
    public async Task A_caller_that_only_receives_ends_the_holding_back_of_an_answerer_that_knows_no_session_before()
    {
        var (left, right) = (Some.NewReplica(1, _time), Some.NewReplica(2, _time));
        await WriteLogAsync(right, Some.NewReplica(3, _time), 1_000);
        await _store.AppendAsync([right.Write(Envelope(50, new StreamId("alarm", "7")))]);
        var (meter, mine) = (new LinkMeter(), new InMemoryReplicaStore());
        (await RoundAsync(TimeSpan.Zero)).EventsLeft.Should().BePositive("what is critical goes first");
        (await RoundAsync(TimeSpan.FromMinutes(2))).EventsLeft.Should().BePositive("not all has waited for so long");

        (await RoundAsync(TimeSpan.FromMinutes(12))).EventsLeft.Should().Be(0, "nothing is held back any more");

        left.Clock.Should().Be(right.Clock);

        async Task<SyncReport> RoundAsync(TimeSpan at)
        {
            var options = Options(isLimited: true);
            options.MaxDeferral = TimeSpan.FromMinutes(10);
            var caller = new SessionSide(SyncRole.Initiator, left, options, mine) { Link = meter };
            var answerer = new SessionSide(SyncRole.Responder, right, options, _store) { Link = new LinkMeter() };
            await new SlowLink(caller, answerer, HalfMegabit / 8, TimeSpan.FromMilliseconds(20)) { Now = at }.RunAsync();
            meter.Quality.BytesPerSecond.Should().BeNull("it has sent nothing");
            return caller.Reports.Single();
        }
    }

    [Fact]
    public async Task Where_events_are_withheld_what_builds_on_them_does_not_go_before_them()
    {
        var (left, right) = (Some.NewReplica(1, _time), Some.NewReplica(2, _time));
        var (writer, other) = (Some.NewReplica(3, _time), Some.NewReplica(4, _time));
        var secret = new StreamId("secret", "1");
        await WriteAsync(writer, Envelope(50));
        await WriteAsync(writer, Envelope(50, secret));
        await WriteAsync(other, Envelope(50));
        var meter = new LinkMeter();
        meter.Stuck.Sent(writer.Self, 0);
        var caller = new SessionSide(SyncRole.Initiator, left, Options(isLimited: false), _store)
        {
            Link = meter,
            Rights = new PeerRights { CanRead = next => next.Envelope.StreamId != secret },
        };
        var answerer = new SessionSide(SyncRole.Responder, right, Options(isLimited: false));

        await new SlowLink(caller, answerer, HalfMegabit, TimeSpan.FromMilliseconds(20)).RunAsync();

        right.Clock.Should().Be(VectorClock.Of(new Dot(writer.Self, 1)));
        right.WaitingEvents.Should().Be(0, "nothing waits for what does not come");
        caller.Reports.Single().EventsSent.Should().Be(1);

        async Task WriteAsync(Replica by, EventEnvelope envelope)
        {
            var written = by.Write(envelope);
            await _store.AppendAsync([written]);
            left.Admit(written.Event, []);
            other.Admit(written.Event, []);
        }
    }

    private async Task WriteLogAsync(Replica known, Replica writer, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var written = writer.Write(Envelope(2_000));
            await _store.AppendAsync([written]);
            known.Admit(written.Event, []);
        }
    }

    private static LinkMeter Constrained()
    {
        var meter = new LinkMeter();
        for (var i = 0; i < 3; i++)
        {
            meter.Confirmed((long)HalfMegabit, TimeSpan.FromSeconds(1), Some.Noon);
        }

        return meter;
    }

    private static SyncOptions Options(bool isLimited) => new()
    {
        IsTransportAuthenticated = true,
        BatchBytes = 32 * 1024,
        WindowBytes = 128 * 1024,
        IsCritical = isLimited ? static stream => stream.AggregateType is "alarm" : null,
    };

    // Payloads that do not compress, so that bytes are bytes.
    private EventEnvelope Envelope(int bytes, StreamId? stream = null)
    {
        var random = new byte[bytes];
        _random.NextBytes(random);
        var payload = $"\"{Convert.ToBase64String(random)}\"";
        return EventEnvelope.Create(stream ?? Readings, "measured", Encoding.UTF8.GetBytes(payload), timeProvider: _time);
    }
}
