namespace K1s0.EventStore.Sync.Tests;

/// <summary>Rounds whose two sides do not stand still, remember a wrong point, or keep to no order.</summary>
public sealed class RoundTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_point_is_what_the_digest_stood_for_although_the_replica_has_written_meanwhile()
    {
        var (left, right) = (await SideAsync(1, 3), await SideAsync(2, 0));
        var pair = await new SessionPair(left, right).RunAsync();
        var told = left.Replica.Clock;
        pair.OnTheWay = (_, frame) =>
        {
            if (frame[0] == FrameType.Digest)
            {
                left.WriteAsync(1).IsCompletedSuccessfully.Should().BeTrue();
            }

            return frame;
        };

        await pair.AgainAsync();

        left.Reports[1].Mode.Should().Be(SyncMode.InSync);
        left.Reports[1].Checkpoint.Should().Be(told, "the peer has not heard of the event that was written meanwhile");
    }

    [Fact]
    public async Task A_point_at_which_two_logs_differed_already_is_given_up_and_the_fork_is_found()
    {
        var (left, right) = (await SideAsync(1, 1), await SideAsync(2, 1));
        await new SessionPair(left, right).RunAsync();
        foreach (var side in new[] { left, right })
        {
            var delivered = new List<DeliveredEvent>();
            side.Replica.Admit(Some.NewReplica(9).Write(Some.Envelope()).Event, delivered).Should().Be(Admission.Delivered);
            await side.Store.AppendAsync(delivered);
        }

        // Both believe that they agreed here.
        var wrong = left.Replica.Clock;
        wrong.Should().Be(right.Replica.Clock);
        var again = await new SessionPair(Anew(left, SyncRole.Initiator, wrong), Anew(right, SyncRole.Responder, wrong)).RunAsync();
        again.Initiator.Reports[0].Should().Match<SyncReport>(
            report => report.Mode == SyncMode.FromCheckpoint && report.Checkpoint == null);

        await again.AgainAsync();
        again.Initiator.Reports[1].Forks.Should().Equal(Some.Origin(9));
    }

    [Fact]
    public async Task What_is_not_compared_is_not_confirmed()
    {
        var (left, right) = (await SideAsync(1, 2), await SideAsync(2, 1));
        await new SessionPair(left, right).RunAsync();
        var point = left.Replica.Clock;
        await right.WriteAsync(1);
        var resumed = Replica.Resume(
            left.Replica.Self, await left.Store.ReadHeadsAsync(), new HybridClock(new Conformance.ManualTime(Some.Noon)));

        await new SessionPair(
            new SessionSide(SyncRole.Initiator, resumed, SessionSide.Options(), left.Store) { Checkpoint = point },
            Anew(right, SyncRole.Responder, point)).RunAsync();

        resumed.Tail.Should().Be(TailStatus.Unwitnessed, "nobody told the hash of its end");
    }

    [Fact]
    public async Task Only_what_the_peer_has_durably_counts_as_sent()
    {
        var ahead = new SessionSide(
            SyncRole.Initiator,
            Some.NewReplica(1, new Conformance.ManualTime(Some.Noon.AddMinutes(9))),
            SessionSide.Options());
        await ahead.WriteAsync(3);
        var right = await SideAsync(2, 0);

        await new SessionPair(ahead, right).RunAsync();

        right.Reports[0].EventsRefused.Should().NotBeEmpty();
        ahead.Reports[0].EventsSent.Should().Be(0);
        ahead.Reports[0].Checkpoint.Should().BeNull("the peer does not hold what it refused");
    }

    [Fact]
    public async Task A_vector_before_the_digest_is_refused()
    {
        var right = await new SessionSide(SyncRole.Responder, Some.NewReplica(2), Open()).WriteAsync(2);
        await right.StepAsync(new SyncInput.Started());
        var left = new SyncSession(SyncRole.Initiator, Some.NewReplica(1), Open().Checked());
        await OpenSessionAsync(left, right);
        using var frame = new WireWriter();
        VectorFrame.WriteVector(frame, left.Replica, VectorClock.Empty, since: null);

        await right.StepAsync(new SyncInput.Received(frame.Written.ToArray()));

        right.End!.Reason.Should().Be(SyncEndReason.ProtocolBroken);
    }

    [Fact]
    public async Task A_page_that_does_not_fit_into_a_frame_goes_in_several()
    {
        var options = SessionSide.Options();
        (options.BatchBytes, options.WindowBytes) = (1024 * 1024, 8 * 1024 * 1024);
        var left = new SessionSide(SyncRole.Initiator, Some.NewReplica(1), options);
        var right = new SessionSide(SyncRole.Responder, Some.NewReplica(2), options);
        var metadata = System.Text.Encoding.UTF8.GetBytes($"\"{new string('m', SyncOptions.MaxMetadataBytes - 2)}\"");
        foreach (var bytes in new[] { 600_000, 447_000, SyncOptions.MaxPayloadBytes - 2, 10, SyncOptions.MaxPayloadBytes - 2 })
        {
            var envelope = Some.Envelope(payload: $"\"{new string('x', bytes)}\"");
            await left.Store.AppendAsync(
                [left.Replica.Write(bytes > 1_000_000 ? envelope with { MetadataUtf8 = metadata } : envelope)]);
        }

        await new SessionPair(left, right).RunAsync();

        right.End.Should().BeNull();
        right.Replica.Clock.Should().Be(left.Replica.Clock);
    }

    [Theory]
    [Trait("Row", "S10")]
    [InlineData(1, false, 196)]
    [InlineData(1, true, 308)]
    [InlineData(10, false, 150)]
    [InlineData(10, true, 262)]
    [InlineData(100, false, 0)]
    [InlineData(100, true, 0)]
    public async Task Catching_up_a_few_events_of_one_log_costs_few_bytes_around_them(int events, bool isSealed, int most)
    {
        var options = isSealed ? SessionSide.Options() : Open();
        var left = new SessionSide(SyncRole.Initiator, Some.NewReplica(1), options);
        var right = new SessionSide(SyncRole.Responder, Some.NewReplica(2), options);
        await left.WriteAsync(50);
        var pair = await new SessionPair(left, right).RunAsync();
        await left.WriteAsync(events);
        await pair.AgainAsync();
        var report = left.Reports[^1];
        report.Should().Match<SyncReport>(one => one.Mode == SyncMode.FromCheckpoint && one.EventsSent == events);

        // An event by itself: its id, its payload "{}" and its metadata "{}". A seal is 16 bytes a frame, seven frames.
        var (all, around) = (report.BytesSent + report.BytesReceived, report.BytesSent + report.BytesReceived - (events * (16 + 2 + 2)));
        output.WriteLine($"{events} events, sealed {isSealed}: {all} bytes, {around} of them around the events");
        around.Should().BeLessThanOrEqualTo(most, "a hundred compress to less than they are");
    }

    private static SyncOptions Open() => new() { IsTransportAuthenticated = true };

    private static async Task OpenSessionAsync(SyncSession left, SessionSide right)
    {
        var hello = left.Step(new SyncInput.Started(), Some.Noon).OfType<SyncOutput.Send>().Single();
        await right.StepAsync(new SyncInput.Received(hello.Frame));
        var confirm = left.Step(new SyncInput.Received(right.Sent.Dequeue()), Some.Noon).OfType<SyncOutput.Send>().First();
        await right.StepAsync(new SyncInput.Received(confirm.Frame));
    }

    private static SessionSide Anew(SessionSide side, SyncRole role, VectorClock checkpoint) =>
        new(role, side.Replica, SessionSide.Options(), side.Store) { Checkpoint = checkpoint };

    private static Task<SessionSide> SideAsync(int number, int events) => new SessionSide(
        number == 1 ? SyncRole.Initiator : SyncRole.Responder,
        Some.NewReplica(number),
        SessionSide.Options()).WriteAsync(events);
}
