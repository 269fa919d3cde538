namespace K1s0.EventStore.Conformance;

/// <summary>Giving up: nothing or everything is written, whenever the token fires.</summary>
public abstract class CancellationSuite : ConformanceSuite
{
    private const int MostCallbacks = 100;

    private readonly CancellingTime _time = new();

    [Fact]
    public async Task A_token_that_fired_before_an_append_writes_nothing()
    {
        var (stream, other) = (await StreamWithAsync(1), NewStream());
        var fired = new CancellationToken(canceled: true);

        await RefusedAsync<OperationCanceledException>(
            () => Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: fired), stream);
        await RefusedAsync<OperationCanceledException>(
            () => Store.AppendAsync(stream, [], cancellationToken: fired), stream);
        await RefusedAsync<OperationCanceledException>(
            () => Appender.AppendAsync(stream, [AnEvent(stream)], ExpectedVersion.Any, fired), stream);
        await RefusedAsync<OperationCanceledException>(
            () => Appender.AppendAsync([new(stream, [AnEvent(stream)]), new(other, [AnEvent(other)])], fired),
            stream,
            other);
    }

    [Fact]
    public async Task A_token_that_fired_before_a_read_gives_nothing()
    {
        var stream = await StreamWithAsync(1);
        var fired = new CancellationToken(canceled: true);

        await CancelledAsync(() => Store.LoadAsync(stream, cancellationToken: fired));
        await CancelledAsync(() => Store.ExistsAsync(stream, fired));
        await CancelledAsync(() => Streams.GetHeadAsync(stream, fired));
        await CancelledAsync(() => Feed.GetIdentityAsync(fired));
        await CancelledAsync(() => Feed.GetSettledBoundAsync(fired));
        await CancelledAsync(() => Feed.ReadFeedPageAsync(Position.Start, cancellationToken: fired));
        await CancelledAsync(() => CountAsync(Streams.ReadStreamAsync(stream, cancellationToken: fired)));
        await CancelledAsync(() => CountAsync(Feed.ReadFeedAsync(FeedStart, cancellationToken: fired)));
        await CancelledAsync(() => Snapshots.LoadLatestAsync<string>(stream, fired));
        await CancelledAsync(() => Checkpoints.LoadAsync(TestKey, fired));
    }

    [Fact]
    public async Task A_token_that_fired_before_a_snapshot_or_a_checkpoint_is_saved_changes_nothing()
    {
        var (stream, fired) = (NewStream(), new CancellationToken(canceled: true));
        await Snapshots.SaveAsync(stream, 1, "kept", Cancellation);
        var claim = await Checkpoints.ClaimAsync(TestKey, "owner", Cancellation);
        var checkpoint = new Checkpoint(new Position(7), await Feed.GetIdentityAsync(Cancellation));

        await CancelledAsync(() => Snapshots.SaveAsync(stream, 2, "given up", fired));
        await CancelledAsync(() => Checkpoints.ClaimAsync(TestKey, "thief", fired));
        await CancelledAsync(() => Checkpoints.SaveAsync(claim, checkpoint, fired));

        (await Snapshots.LoadLatestAsync<string>(stream, Cancellation))!.State.Should().Be("kept");
        (await Checkpoints.LoadAsync(TestKey, Cancellation)).Should().BeNull();
        (await Checkpoints.SaveAsync(claim, checkpoint, Cancellation))
            .Epoch.Should().Be(claim.Epoch, "nobody took it over");
    }

    [Fact]
    public async Task A_token_that_fires_while_the_events_are_enumerated_leaves_nothing_or_everything()
    {
        for (var at = 0; at <= 4; at++)
        {
            var stream = await StreamWithAsync(2);
            var events = SomeEvents(stream, 4);
            using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

            await AssertAllOrNothingAsync(
                stream, events, 2, () => Store.AppendAsync(stream, Firing(events, at, source), 2, source.Token));
            source.IsCancellationRequested.Should().BeTrue();
        }
    }

    [Fact]
    public async Task A_token_that_fires_whenever_the_store_asks_for_the_time_leaves_nothing_or_everything()
    {
        var clean = false;
        for (var at = 1; !clean && at <= MostCallbacks; at++)
        {
            var stream = await StreamWithAsync(1);
            var events = SomeEvents(stream, 3);
            using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            _time.FireAt(at, source);

            await AssertAllOrNothingAsync(stream, events, 1, () => Store.AppendAsync(stream, events, 1, source.Token));

            _time.Disarm();
            clean = !source.IsCancellationRequested;
        }

        clean.Should().BeTrue("an append asks for the time a limited number of times");
    }

    [Fact]
    public async Task A_token_that_fires_whenever_the_store_asks_for_the_time_leaves_no_stream_of_several_behind()
    {
        var clean = false;
        for (var at = 1; !clean && at <= MostCallbacks; at++)
        {
            StreamId[] streams = [NewStream(), NewStream()];
            StreamAppend[] appends = [.. streams.Select(stream => new StreamAppend(stream, SomeEvents(stream, 2)))];
            using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            _time.FireAt(at, source);

            var succeeded = await SucceedsAsync(() => Appender.AppendAsync(appends, source.Token));

            _time.Disarm();
            clean = !source.IsCancellationRequested;
            foreach (var append in appends)
            {
                (await LoadAsync(append.StreamId)).Should().Equal(succeeded ? Numbered(append.Events) : []);
            }
        }

        clean.Should().BeTrue("an append asks for the time a limited number of times");
    }

    [Fact]
    public async Task A_token_that_fires_from_another_thread_at_any_moment_leaves_nothing_or_everything()
    {
        for (var i = 0; i < 50; i++)
        {
            var stream = await StreamWithAsync(1);
            var events = SomeEvents(stream, 20);
            using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            using var gate = new Barrier(2);
            var firing = Task.Run(
                async () =>
                {
                    gate.SignalAndWait(Cancellation);
                    await source.CancelAsync();
                },
                Cancellation);

            await AssertAllOrNothingAsync(stream, events, 1, () => Task.Run(
                () =>
                {
                    gate.SignalAndWait(Cancellation);
                    return Store.AppendAsync(stream, events, 1, source.Token);
                },
                Cancellation));
            await firing;
        }
    }

    [Fact]
    public async Task A_token_that_fires_after_the_append_changes_nothing_any_more()
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 3);
        using var source = new CancellationTokenSource();
        await Store.AppendAsync(stream, events, expectedVersion: 0, source.Token);

        await source.CancelAsync();

        (await LoadAsync(stream)).Should().Equal(Numbered(events));
    }

    [Theory]
    [InlineData(ReadDirection.Forward)]
    [InlineData(ReadDirection.Backward)]
    public async Task A_reader_of_a_stream_that_gives_up_is_stopped_before_the_end(ReadDirection direction)
    {
        var stream = NewStream();
        for (var i = 0; i < 3; i++)
        {
            await Store.AppendAsync(stream, SomeEvents(stream, 1_000), cancellationToken: Cancellation);
        }

        foreach (var at in new[] { 1, 2, 999, 1_000, 1_001 })
        {
            using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var versions = new List<long>();

            await CancelledAsync(() => CollectAsync(
                Streams.ReadStreamAsync(stream, direction, cancellationToken: source.Token), versions, at, source));

            versions.Count.Should().BeInRange(at, 2_999);
            var expected = Enumerable.Range(1, versions.Count).Select(version => (long)version);
            versions.Should().Equal(
                direction is ReadDirection.Forward ? expected : expected.Select(version => 3_001 - version));
        }
    }

    [Fact]
    public async Task The_token_of_the_enumeration_counts_as_well()
    {
        var stream = await StreamWithAsync(3);
        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        await CancelledAsync(() => CountAsync(
            Streams.ReadStreamAsync(stream, cancellationToken: Cancellation).WithCancellation(source.Token)));
        await CancelledAsync(() => CountAsync(
            Feed.ReadFeedAsync(FeedStart, cancellationToken: Cancellation).WithCancellation(source.Token)));
    }

    [Fact]
    public async Task A_reader_of_the_feed_that_gives_up_is_stopped_at_the_end_of_the_page_at_the_latest()
    {
        const int pageSize = 4;
        var stream = await StreamWithAsync(20);
        await SettledAsync((await LoadAsync(stream))[^1].Position);
        for (var at = 1; at <= 9; at++)
        {
            using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var versions = new List<long>();

            await CancelledAsync(() => CollectAsync(
                Feed.ReadFeedAsync(FeedStart, OwnEvents, pageSize, source.Token), versions, at, source));

            versions.Count.Should().BeInRange(at, at + pageSize - 1);
            versions.Should().Equal(Enumerable.Range(1, versions.Count).Select(version => (long)version));
        }
    }

    protected override TimeProvider CreateTimeProvider() => _time;

    private static async Task CancelledAsync(Func<Task> action) =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(action);

    private static IEnumerable<EventEnvelope> Firing(EventEnvelope[] events, int at, CancellationTokenSource source)
    {
        for (var i = 0; i <= events.Length; i++)
        {
            if (i == at)
            {
                source.Cancel();
            }

            if (i < events.Length)
            {
                yield return events[i];
            }
        }
    }

    private static async Task CollectAsync(
        IAsyncEnumerable<EventEnvelope> sequence, List<long> versions, int at, CancellationTokenSource source)
    {
        await foreach (var envelope in sequence)
        {
            versions.Add(envelope.Version);
            if (versions.Count == at)
            {
                await source.CancelAsync();
            }
        }
    }

    private static async Task<int> CountAsync(IAsyncEnumerable<EventEnvelope> sequence) =>
        await CountAsync(sequence.WithCancellation(CancellationToken.None));

    private static async Task<int> CountAsync(
        System.Runtime.CompilerServices.ConfiguredCancelableAsyncEnumerable<EventEnvelope> sequence)
    {
        var count = 0;
        await foreach (var _ in sequence)
        {
            count++;
        }

        return count;
    }

    private static async Task<bool> SucceedsAsync(Func<Task> append)
    {
        try
        {
            await append();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Success means that all events are there, giving up means that none is: there is no third thing here.
    private async Task AssertAllOrNothingAsync(
        StreamId stream, EventEnvelope[] events, int count, Func<Task<AppendResult>> append)
    {
        var before = await StateAsync(stream);
        if (await SucceedsAsync(append))
        {
            (await LoadAsync(stream)).Skip(count).Should().Equal(Numbered(events, count + 1));
        }
        else
        {
            AssertSame(await StateAsync(stream), before);
        }
    }
}
