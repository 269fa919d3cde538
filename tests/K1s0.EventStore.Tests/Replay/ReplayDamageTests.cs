using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>What a replay does when a row is no event, an attempt leaves half of its effects, or an undo fails.</summary>
public sealed class ReplayDamageTests
{
    private static readonly ReplayOptions Once = new() { MaxAttempts = 1, PageSize = 4 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Row", "X08")]
    public async Task Rows_that_are_no_events_are_skipped_alone_and_stand_in_the_report(bool isOneStream)
    {
        var fixture = await ReplayFixture.WithAsync(20);
        int[] damaged = [0, 5, 7, 8, 19];
        var handler = new RecordingHandler();

        var report = await ReplayAsync(
            fixture, damaged, handler, Once with { OnCorrupted = ReplayFailureAction.Skip }, isOneStream);

        handler.Handled.Select(e => e.Id).Should().Equal(
            fixture.Events.Where((_, index) => !damaged.Contains(index)).Select(e => e.Id));
        report.Failures.Select(failure => failure.Event.Place.Offset).Should().Equal(
            damaged.Select(index => fixture.Events[index].Position));
        report.Failures.Should().OnlyContain(failure =>
            failure.IsCorrupted && failure.Event.StreamId == null && failure.Cause is EventUnreadableException);
        (report.HandledEvents, report.CorruptedEvents).Should().Be((15, 5));
        report.Reached.Should().Be(ReplayPlace.Of(fixture.Events[19]), "the last one was passed over");
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(18)]
    [Trait("Row", "X08")]
    public async Task Rows_of_a_stream_that_stand_under_another_name_are_missed_each_of_them(int after)
    {
        var fixture = await ReplayFixture.WithAsync(20);
        int[] damaged = [0, 5, 7, 8, 13, 19];
        var selection = new ReplaySelection
        {
            Stream = ReplayFixture.Order,
            After = after < 0 ? Position.Start : fixture.Events[after].Position,
        };
        var handler = new RecordingHandler();
        var store = new DamagedStore(fixture.Store, [.. damaged.Select(index => fixture.Events[index].Position)])
        {
            IsRenamed = true,
        };

        var report = await new Replay(store, store).RunAsync(
            selection,
            [new ReplayHandler("rows", handler)],
            Once with { OnCorrupted = ReplayFailureAction.Skip },
            cancellationToken: Cancellation);

        handler.Handled.Select(e => e.Id).Should().Equal(
            fixture.Events.Where((_, index) => index > after && !damaged.Contains(index)).Select(e => e.Id));
        report.Failures.Select(failure => failure.Event.Place.Offset).Should().Equal(
            damaged.Where(index => index > after).Select(index => fixture.Events[index].Position));
    }

    [Fact]
    [Trait("Row", "X08")]
    [Trait("Row", "X09")]
    public async Task A_row_that_is_no_event_stops_the_replay_before_it_or_rolls_it_back()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var (stopped, back) = (new MemoryTarget(), new MemoryTarget());

        var stop = await Assert.ThrowsAsync<ReplayFailedException>(
            () => ReplayAsync(fixture, [5], stopped, Once with { Target = stopped }));
        var rollback = await Assert.ThrowsAsync<ReplayFailedException>(() => ReplayAsync(
            fixture, [5], back, Once with { Target = back, OnCorrupted = ReplayFailureAction.RollBack }));

        stopped.Rows.Should().Equal(fixture.Events.Take(5).Select(e => e.Id));
        stop.Report.Reached.Should().Be(ReplayPlace.Of(fixture.Events[4]));
        stop.InnerException.Should().BeOfType<EventUnreadableException>();
        stop.Message.Should().Contain($"at {ReplayPlace.Of(fixture.Events[5])}");
        back.Rows.Should().BeEmpty();
        rollback.Report.Outcome.Should().Be(ReplayOutcome.RolledBack);
    }

    [Fact]
    public async Task A_selection_that_ends_before_a_row_that_is_no_event_does_not_meet_it()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var handler = new RecordingHandler();

        var report = await ReplayAsync(
            fixture, [5], handler, Once, selection: new ReplaySelection { To = fixture.Events[4].Position });

        (report.HandledEvents, report.FailedEvents).Should().Be((5, 0));
    }

    [Fact]
    public async Task Reading_without_a_replay_hands_out_what_stands_before_and_fails_then()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var read = new List<Guid>();
        var store = new DamagedStore(fixture.Store, fixture.Events[5].Position);

        var failure = await Assert.ThrowsAsync<EventUnreadableException>(async () =>
        {
            await foreach (var envelope in new Replay(store, store).ReadAsync(
                new ReplaySelection(), cancellationToken: Cancellation))
            {
                read.Add(envelope.Id);
            }
        });

        failure.Position.Should().Be(fixture.Events[5].Position);
        read.Should().Equal(fixture.Events.Take(5).Select(e => e.Id));
    }

    [Fact]
    [Trait("Row", "X09")]
    public async Task A_failed_attempt_is_undone_before_the_next_one_and_the_handlers_before_it_are_not()
    {
        var fixture = await ReplayFixture.WithAsync(5);
        var calls = 0;
        var target = new MemoryTarget
        {
            // The second handler fails once for the third event.
            Act = (_, _) => ++calls == 6 ? throw new HandlerBrokenException() : Task.CompletedTask,
        };

        var report = await new Replay(fixture.Store, fixture.Store).RunAsync(
            new ReplaySelection(),
            [new ReplayHandler("first", target), new ReplayHandler("second", target)],
            new ReplayOptions { Target = target, RetryDelay = TimeSpan.FromMilliseconds(1) },
            cancellationToken: Cancellation);

        target.Rows.Should().Equal(fixture.Events.SelectMany(e => new[] { e.Id, e.Id }));
        target.Calls.Should().Equal("begin", "undo step", "commit");
        report.Retries.Should().Be(1);
    }

    [Theory]
    [InlineData(ReplayFailureAction.Stop)]
    [InlineData(ReplayFailureAction.Skip)]
    [Trait("Row", "X09")]
    public async Task What_could_not_be_undone_is_never_committed(ReplayFailureAction action)
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var target = new MemoryTarget
        {
            Act = (envelope, _) => envelope.Id == fixture.Events[6].Id
                ? throw new HandlerBrokenException()
                : Task.CompletedTask,
            UndoFailure = new InvalidOperationException("stuck"),
        };

        var failure = await Assert.ThrowsAsync<ReplayFailedException>(
            () => fixture.RunAsync(target, Once with { Target = target, OnFailure = action }));

        target.Rows.Should().BeEmpty();
        target.Calls.Should().Equal("begin", "undo", "rollback");
        (failure.Report.Outcome, failure.Report.Reached).Should().Be((ReplayOutcome.RolledBack, null));
    }

    private static Task<ReplayReport> ReplayAsync(
        ReplayFixture fixture,
        int[] damaged,
        ISubscriptionHandler handler,
        ReplayOptions options,
        bool isOneStream = false,
        ReplaySelection? selection = null)
    {
        var store = new DamagedStore(fixture.Store, [.. damaged.Select(index => fixture.Events[index].Position)]);
        return new Replay(store, store).RunAsync(
            selection ?? new ReplaySelection { Stream = isOneStream ? ReplayFixture.Order : null },
            [new ReplayHandler("rows", handler)],
            options,
            cancellationToken: Cancellation);
    }
}
