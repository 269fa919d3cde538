using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class ReplayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Row", "I08")]
    [Trait("Row", "K11")]
    public async Task Each_event_goes_to_every_handler_that_takes_its_type_and_each_has_attempts_of_its_own()
    {
        var fixture = await ReplayFixture.WithAsync(9);
        var (patient, hasty) = (fixture.FailingAt(2, times: 4), fixture.FailingAt(1));
        var options = new ReplayOptions
        {
            OnFailure = ReplayFailureAction.Skip,
            RetryDelay = TimeSpan.FromMilliseconds(1),
        };

        var report = await new Replay(fixture.Store, fixture.Store).RunAsync(
            new ReplaySelection(),
            [
                new ReplayHandler("patient", patient) { EventTypes = ["odd"], MaxAttempts = 5 },
                new ReplayHandler("hasty", hasty) { EventTypes = ["even"], MaxAttempts = 1 },
            ],
            options,
            cancellationToken: Cancellation);

        patient.Handled.Select(e => e.Version).Should().Equal(1, 3, 5, 7, 9);
        hasty.Handled.Select(e => e.Version).Should().Equal(4, 6, 8);
        report.Handlers.Select(handler => (handler.Handler, handler.Events, handler.Failures, handler.Retries))
            .Should().Equal(("patient", 5, 0, 4), ("hasty", 3, 1, 0));
        (report.HandledEvents, report.FailedEvents, report.Retries).Should().Be((8, 1, 4));
        report.HandledByType.Should().BeEquivalentTo(
            new Dictionary<string, long>(StringComparer.Ordinal) { ["odd"] = 5, ["even"] = 3 });
    }

    [Fact]
    [Trait("Row", "I08")]
    public async Task Handlers_by_type_decode_and_what_they_do_not_know_is_not_tried_again()
    {
        var fixture = await ReplayFixture.WithAsync(4);
        var order = new StreamId("order", "2");
        await fixture.Store.AppendAsync(order, [EventEnvelope.Create(
            order, "placed", new OrderPlaced("Ada", 42), OrderJson.Default.OrderPlaced)], cancellationToken: Cancellation);
        var total = 0m;
        var handlers = new EventHandlers()
            .On("placed", OrderJson.Default.OrderPlaced, (placed, _, _) =>
            {
                total += placed.Total;
                return ValueTask.CompletedTask;
            })
            .Ignore("odd");

        var report = await fixture.RunAsync(handlers, new ReplayOptions { OnFailure = ReplayFailureAction.Skip });

        total.Should().Be(42);
        report.Failures.Should().HaveCount(2).And.OnlyContain(
            failure => failure.Event.EventType == "even" && failure.Attempts == 1
                && failure.Cause is EventNotUnderstoodException);
    }

    [Fact]
    [Trait("Row", "I08")]
    public async Task A_dry_run_counts_what_would_be_handled_and_calls_nothing()
    {
        var fixture = await ReplayFixture.WithAsync(9);
        var target = new MemoryTarget();
        var handler = new RecordingHandler();

        var report = await new Replay(
            new TamperedFeed(fixture.Store, fixture.Events[2].Id), fixture.Store).RunAsync(
            new ReplaySelection(),
            [new ReplayHandler("odd", handler) { EventTypes = ["odd"] }],
            new ReplayOptions { DryRun = true, Target = target, VerifyContent = true, PageSize = 2 },
            cancellationToken: Cancellation);

        handler.Handled.Should().BeEmpty();
        target.Calls.Should().BeEmpty();
        report.WasDryRun.Should().BeTrue();
        (report.HandledEvents, report.UnhandledEvents, report.CorruptedEvents).Should().Be((4, 4, 1));
        report.HandledByType.Should().ContainSingle().Which.Should().Be(KeyValuePair.Create("odd", 4L));
    }

    [Fact]
    [Trait("Row", "I08")]
    public async Task Progress_tells_rate_and_what_is_left()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var time = new ManualTime(DateTimeOffset.UnixEpoch);
        var told = new List<ReplayProgress>();
        var handler = new RecordingHandler((_, _) =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        });

        await fixture.RunAsync(
            handler,
            new ReplayOptions { PageSize = 2, ProgressInterval = TimeSpan.FromSeconds(8) },
            time: time,
            progress: new Told(told));

        told.Select(progress => progress.Handled).Should().Equal(4, 8, 10);
        told.Should().OnlyContain(progress => progress.EventsPerSecond == 0.5);
        told[0].Remaining.Should().Be(TimeSpan.FromSeconds(8 * (1 - 0.2) / 0.2), "one page of five was finished");
        told[^1].Should().Be(new ReplayProgress(
            ReplayPlace.Of(fixture.Events[9]), 10, 0, TimeSpan.FromSeconds(20), 0.5, 1, TimeSpan.Zero));
    }

    [Fact]
    [Trait("Row", "X18")]
    public async Task The_trace_names_the_slowest_steps_with_their_time_and_memory()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var time = new ManualTime(DateTimeOffset.UnixEpoch);
        var slow = new Dictionary<Guid, int>
        {
            [fixture.Events[4].Id] = 7,
            [fixture.Events[2].Id] = 9,
            [fixture.Events[8].Id] = 8,
        };
        var kept = new List<byte[]>();
        var handler = new RecordingHandler((envelope, _) =>
        {
            time.Advance(TimeSpan.FromMilliseconds(slow.GetValueOrDefault(envelope.Id, 1)));
            if (envelope.Id == fixture.Events[2].Id)
            {
                kept.Add(new byte[8 << 20]);
            }

            return Task.CompletedTask;
        });

        var report = await fixture.RunAsync(handler, new ReplayOptions { SlowestSteps = 3 }, time: time);

        report.SlowestSteps.Select(step => (step.Event.Version, step.Handler, step.Elapsed.TotalMilliseconds))
            .Should().Equal((3, "rows", 9), (9, "rows", 8), (5, "rows", 7));
        report.SlowestSteps[0].AllocatedBytes.Should().BeGreaterThanOrEqualTo(8 << 20);
        report.Elapsed.Should().Be(TimeSpan.FromMilliseconds(7 + 9 + 8 + 7));
        report.Handlers.Should().ContainSingle().Which.Elapsed.Should().Be(report.Elapsed);
        report.AllocatedBytes.Should().BeGreaterThanOrEqualTo(8 << 20);
        report.PeakHeapBytes.Should().BeGreaterThanOrEqualTo(kept[0].Length);
    }

    [Fact]
    public async Task The_report_describes_as_many_failures_as_it_may_and_the_last_one_always()
    {
        var fixture = await ReplayFixture.WithAsync(10);
        var handler = new RecordingHandler((_, _) => throw new HandlerBrokenException());
        var options = new ReplayOptions
        {
            MaxAttempts = 1,
            MaxReportedFailures = 2,
            OnFailure = ReplayFailureAction.Skip,
        };

        var report = await fixture.RunAsync(handler, options);
        var stop = await Assert.ThrowsAsync<ReplayFailedException>(() => fixture.RunAsync(
            handler, options with { MaxReportedFailures = 0, OnFailure = ReplayFailureAction.Stop }));

        report.Failures.Select(failure => failure.Event.Version).Should().Equal(1, 2);
        report.FailedEvents.Should().Be(10);
        stop.Report.Failures.Should().ContainSingle();
        stop.Report.Reached.Should().BeNull();
    }

    [Fact]
    public async Task Waits_between_attempts_grow_up_to_their_limit()
    {
        var fixture = await ReplayFixture.WithAsync(1);
        var time = new WaitlessTime();
        var handler = new RecordingHandler((_, _) => throw new HandlerBrokenException());
        var options = new ReplayOptions
        {
            MaxAttempts = 5,
            RetryDelay = TimeSpan.FromMilliseconds(100),
            MaxRetryDelay = TimeSpan.FromMilliseconds(300),
        };

        await Assert.ThrowsAsync<ReplayFailedException>(() => fixture.RunAsync(handler, options, time: time));

        time.Waits.Select(wait => wait.TotalMilliseconds).Should().Equal(100, 200, 300, 300);
        handler.AttemptsOf(fixture.Events[0].Id).Should().Be(5);
    }

    [Fact]
    public async Task What_is_out_of_range_is_refused_before_anything_happens()
    {
        var fixture = await ReplayFixture.WithAsync(1);
        var handler = new RecordingHandler();
        ReplayOptions[] refused =
        [
            new() { PageSize = 0 },
            new() { PageSize = 10_001 },
            new() { Lanes = 257 },
            new() { MaxAttempts = 0 },
            new() { RetryDelay = TimeSpan.Zero },
            new() { MaxRetryDelay = TimeSpan.FromHours(2) },
            new() { ProgressInterval = TimeSpan.Zero },
            new() { OnFailure = (ReplayFailureAction)9 },
            new() { OnCorrupted = ReplayFailureAction.RollBack },
            new() { OnFailure = ReplayFailureAction.RollBack },
            new() { Target = new MemoryTarget(), Lanes = 2 },
        ];
        foreach (var options in refused)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => fixture.RunAsync(handler, options));
        }

        var replay = new Replay(fixture.Store, fixture.Store);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => replay.RunAsync(
            new ReplaySelection(), [], cancellationToken: Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => replay.RunAsync(
            new ReplaySelection(),
            [new ReplayHandler("same", handler), new ReplayHandler("same", handler)],
            cancellationToken: Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => replay.SplitAsync(
            new ReplaySelection { Limit = 5 }, 2, Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReplaySelection { Limit = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReplayHandler("a", handler) { MaxAttempts = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => replay.ReadAsync(
            new ReplaySelection(), pageSize: 0, Cancellation));
        handler.Handled.Should().BeEmpty();
    }

    [Theory]
    [InlineData("2026/01/31/23@4711", true)]
    [InlineData("2026/01/31/23@-1", false)]
    [InlineData("2026/01/31@1", false)]
    [InlineData("2026/01/31/23@99999999999999999999", false)]
    [InlineData("", false)]
    public void A_place_is_read_back_from_its_text_or_refused(string text, bool isPlace)
    {
        ReplayPlace.TryParse(text, out var place).Should().Be(isPlace);

        if (isPlace)
        {
            place!.ToString().Should().Be(text);
            ReplayPlace.Parse(text).Should().Be(place);
        }
        else
        {
            Assert.Throws<FormatException>(() => ReplayPlace.Parse(text));
        }
    }

    private sealed class Told(List<ReplayProgress> told) : IProgress<ReplayProgress>
    {
        public void Report(ReplayProgress value) => told.Add(value);
    }
}
