using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class ReplayPolicyTests
{
    private static readonly ReplayOptions Once = new() { MaxAttempts = 1, PageSize = 4 };

    [Fact]
    [Trait("Row", "X09")]
    public async Task To_stop_keeps_what_came_before_the_event_and_nothing_of_it()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var target = FailingTarget(fixture, 6);

        var stop = await Assert.ThrowsAsync<ReplayFailedException>(
            () => fixture.RunAsync(target, Once with { Target = target }));

        target.Rows.Should().Equal(fixture.Events.Take(6).Select(e => e.Id));
        target.Kept.Should().Be(ReplayPlace.Of(fixture.Events[5])).And.Be(stop.Report.Reached);
        target.Calls.Should().Equal("begin", "undo", "commit");
        stop.InnerException.Should().BeOfType<HandlerBrokenException>();
        (stop.Report.Outcome, stop.Report.HandledEvents, stop.Report.FailedEvents)
            .Should().Be((ReplayOutcome.Stopped, 6, 1));
    }

    [Fact]
    [Trait("Row", "X09")]
    public async Task To_roll_back_leaves_the_target_as_it_was()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var target = FailingTarget(fixture, 6);
        target.Rows.Add(Guid.Empty);

        var stop = await Assert.ThrowsAsync<ReplayFailedException>(() => fixture.RunAsync(
            target, Once with { Target = target, OnFailure = ReplayFailureAction.RollBack }));

        target.Rows.Should().Equal(Guid.Empty);
        target.Calls.Should().Equal("begin", "undo", "rollback");
        (stop.Report.Outcome, stop.Report.Reached).Should().Be((ReplayOutcome.RolledBack, null));
        stop.Message.Should().Contain("the target is as it was");
    }

    [Fact]
    [Trait("Row", "X09")]
    public async Task To_skip_reports_the_event_with_handler_attempts_and_cause_and_undoes_what_it_wrote()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var target = FailingTarget(fixture, 6);

        var report = await fixture.RunAsync(
            target,
            Once with { Target = target, OnFailure = ReplayFailureAction.Skip, MaxAttempts = 2, RetryDelay = Short });

        target.Rows.Should().Equal(fixture.Events.Where((_, index) => index != 6).Select(e => e.Id));
        var failure = report.Failures.Should().ContainSingle().Subject;
        (failure.Event.Id, failure.Handler, failure.Attempts).Should().Be((fixture.Events[6].Id, "rows", 2));
        failure.Event.Place.Should().Be(ReplayPlace.Of(fixture.Events[6]));
        failure.Cause.Should().BeOfType<HandlerBrokenException>();
        report.Reached.Should().Be(ReplayPlace.Of(fixture.Events[9]));
    }

    [Theory]
    [InlineData(ReplayFailureAction.Stop)]
    [InlineData(ReplayFailureAction.RollBack)]
    [Trait("Row", "X09")]
    public async Task Cancelling_ends_as_a_failure_would_and_half_an_event_is_never_kept(ReplayFailureAction action)
    {
        var fixture = await ReplayFixture.WithAsync(10);
        using var stop = new CancellationTokenSource();
        var target = new MemoryTarget
        {
            Act = async (envelope, token) =>
            {
                if (envelope.Id == fixture.Events[6].Id)
                {
                    await stop.CancelAsync();
                }

                token.ThrowIfCancellationRequested();
            },
        };

        await Assert.ThrowsAsync<OperationCanceledException>(() => fixture.RunAsync(
            target, Once with { Target = target, OnFailure = action }, stop: stop));

        var isKept = action is ReplayFailureAction.Stop;
        target.Rows.Should().Equal(isKept ? fixture.Events.Take(6).Select(e => e.Id) : []);
        target.Kept.Should().Be(isKept ? ReplayPlace.Of(fixture.Events[5]) : null);
    }

    [Fact]
    public async Task A_mark_that_fails_is_a_failure_of_its_event()
    {
        var fixture = await ReplayFixture.WithAsync(3);
        var target = new MemoryTarget { MarkFailure = new HandlerBrokenException() };

        var report = await fixture.RunAsync(
            target, Once with { Target = target, OnFailure = ReplayFailureAction.Skip });

        target.Rows.Should().Equal(fixture.Events.Skip(1).Select(e => e.Id));
        report.Failures.Should().ContainSingle().Which.Handler.Should().BeNull();
    }

    [Fact]
    public async Task An_end_that_fails_says_what_is_known_of_the_target()
    {
        var fixture = await ReplayFixture.WithAsync(3);
        var unknown = new MemoryTarget { CommitFailure = new WriteOutcomeUnknownException("the answer was lost") };
        var refused = new MemoryTarget { CommitFailure = new HandlerBrokenException() };
        var stuck = new MemoryTarget
        {
            Act = (_, _) => throw new HandlerBrokenException(),
            RollbackFailure = new InvalidOperationException("stuck"),
        };

        var outcomes = new List<ReplayOutcome>();
        foreach (var target in new[] { unknown, refused, stuck })
        {
            var failure = await Assert.ThrowsAsync<ReplayFailedException>(() => fixture.RunAsync(
                target, Once with { Target = target, OnFailure = ReplayFailureAction.RollBack }));
            outcomes.Add(failure.Report.Outcome);
            target.Rows.Should().BeEmpty();
        }

        outcomes.Should().Equal(ReplayOutcome.Unknown, ReplayOutcome.RolledBack, ReplayOutcome.Unknown);
    }

    [Theory]
    [InlineData(ReplayFailureAction.Skip)]
    [InlineData(ReplayFailureAction.Stop)]
    [Trait("Row", "X08")]
    public async Task A_corrupted_event_is_reported_and_skipped_or_stops_the_replay(ReplayFailureAction action)
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var feed = new TamperedFeed(fixture.Store, fixture.Events[3].Id);
        var handler = new RecordingHandler();
        var options = Once with { VerifyContent = true, OnCorrupted = action };

        var report = action is ReplayFailureAction.Skip
            ? await fixture.RunAsync(handler, options, feed: feed)
            : (await Assert.ThrowsAsync<ReplayFailedException>(() => fixture.RunAsync(handler, options, feed: feed)))
                .Report;

        handler.Handled.Select(e => e.Id).Should().Equal(action is ReplayFailureAction.Skip
            ? fixture.Events.Where((_, index) => index != 3).Select(e => e.Id)
            : fixture.Events.Take(3).Select(e => e.Id));
        report.CorruptedEvents.Should().Be(1);
        var failure = report.Failures.Should().ContainSingle().Subject;
        (failure.IsCorrupted, failure.Event.Id).Should().Be((true, fixture.Events[3].Id));
        failure.Cause.Should().BeOfType<EventCorruptedException>();
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task Nothing_is_verified_unless_it_is_asked_for()
    {
        var fixture = await ReplayFixture.WithAsync(5);
        var handler = new RecordingHandler();

        var report = await fixture.RunAsync(handler, feed: new TamperedFeed(fixture.Store, fixture.Events[3].Id));

        (report.HandledEvents, report.CorruptedEvents).Should().Be((5, 0));
    }

    [Fact]
    public async Task The_condition_of_a_selection_that_fails_is_a_failure_of_the_event()
    {
        var fixture = await ReplayFixture.WithAsync(5);
        var handler = new RecordingHandler();

        var report = await fixture.RunAsync(
            handler,
            Once with { OnFailure = ReplayFailureAction.Skip },
            new ReplaySelection { Where = e => e.Version == 2 ? throw new HandlerBrokenException() : true });

        handler.Handled.Select(e => e.Version).Should().Equal(1, 3, 4, 5);
        var failure = report.Failures.Should().ContainSingle().Subject;
        (failure.Handler, failure.IsCorrupted).Should().Be((null, false));
    }

    [Fact]
    public async Task A_store_that_cannot_be_reached_for_a_while_is_asked_again()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var handler = new RecordingHandler();
        var options = Once with { MaxAttempts = 3, RetryDelay = Short };

        await fixture.RunAsync(handler, options, feed: new TamperedFeed(fixture.Store) { FailuresAPage = 2 });
        handler.Handled.Select(e => e.Id).Should().Equal(fixture.Events.Select(e => e.Id));

        var gone = await Assert.ThrowsAsync<ReplayFailedException>(() => fixture.RunAsync(
            new RecordingHandler(), options, feed: new TamperedFeed(fixture.Store) { FailuresAPage = 3 }));
        gone.InnerException.Should().BeOfType<StoreUnavailableException>();
        gone.Report.Outcome.Should().Be(ReplayOutcome.Stopped);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_read_on_from_where_the_last_whole_page_ended()
    {
        var fixture = await ReplayFixture.WithAsync(20);
        var handler = new RecordingHandler();
        var streams = new BreakingStreams(fixture.Store, afterEvents: 7);

        var report = await new Replay(fixture.Store, streams).RunAsync(
            new ReplaySelection { Stream = ReplayFixture.Order, After = fixture.Events[2].Position },
            [new ReplayHandler("rows", handler)],
            Once with { MaxAttempts = 3, RetryDelay = Short },
            cancellationToken: TestContext.Current.CancellationToken);

        handler.Handled.Select(e => e.Id).Should().Equal(fixture.Events.Skip(3).Select(e => e.Id));
        report.Reached.Should().Be(ReplayPlace.Of(fixture.Events[^1]));
        streams.Openings.Should().BeGreaterThan(2);
    }

    private static TimeSpan Short => TimeSpan.FromMilliseconds(1);

    private static MemoryTarget FailingTarget(ReplayFixture fixture, int index) => new()
    {
        Act = (envelope, _) => envelope.Id == fixture.Events[index].Id
            ? throw new HandlerBrokenException()
            : Task.CompletedTask,
    };
}
