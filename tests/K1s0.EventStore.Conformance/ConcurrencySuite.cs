using System.Collections.Concurrent;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Conformance;

/// <summary>Many writers at once: one winner a version, nothing lost, nothing twice, no deadlock.</summary>
public abstract class ConcurrencySuite : ConformanceSuite
{
    private const int Writers = 16;

    [Fact]
    [Trait("Row", "K02")]
    public async Task Of_sixteen_writers_that_expect_the_same_version_exactly_one_wins_each_time()
    {
        const int winsEach = 4;
        var (stream, random) = (NewStream(), SeededRandom.Create());
        var (won, lost) = (new ConcurrentBag<(AppendResult, EventEnvelope[])>(), new ConcurrentBag<EventEnvelope>());
        int[] sizes = [.. Enumerable.Range(0, Writers).Select(_ => random.Next(1, 4))];

        await TogetherAsync(async writer =>
        {
            for (var wins = 0; wins < winsEach;)
            {
                var head = await Streams.GetHeadAsync(stream, Cancellation);
                var events = SomeEvents(stream, sizes[writer]);
                try
                {
                    won.Add((await Store.AppendAsync(stream, events, head.Version.Value, Cancellation), events));
                    wins++;
                }
                catch (ConcurrencyException conflict)
                {
                    conflict.ExpectedVersion.Should().Be(head.Version.Value);
                    conflict.ActualVersion.Should().BeGreaterThan(head.Version.Value);
                    Array.ForEach(events, lost.Add);
                }
            }
        });

        var stored = await LoadAsync(stream);
        won.Should().HaveCount(Writers * winsEach);
        stored.Should().HaveCount(won.Sum(append => append.Item2.Length));
        foreach (var (result, events) in won)
        {
            var first = (int)result.Version.Value - events.Length;
            stored.Skip(first).Take(events.Length).Should().Equal(Numbered(events, first + 1));
        }

        await AssertIntactAsync(stream, stored);
        stored.Select(envelope => envelope.Id).Should().NotIntersectWith(lost.Select(envelope => envelope.Id));
    }

    [Fact]
    [Trait("Row", "K02")]
    public async Task Of_sixteen_writers_that_found_a_stream_exactly_one_wins()
    {
        var stream = NewStream();
        var events = Enumerable.Range(0, Writers).Select(_ => AnEvent(stream)).ToArray();
        var won = new ConcurrentBag<int>();

        await TogetherAsync(async writer =>
        {
            try
            {
                await Store.AppendAsync(stream, [events[writer]], expectedVersion: 0, Cancellation);
                won.Add(writer);
            }
            catch (ConcurrencyException conflict)
            {
                (conflict.ExpectedVersion, conflict.ActualVersion).Should().Be((0, 1));
            }
        });

        var stored = await LoadAsync(stream);
        stored.Should().Equal(Numbered([events[won.Should().ContainSingle().Subject]]));
        await AssertIntactAsync(stream, stored);
    }

    [Fact]
    public async Task An_acknowledged_event_can_be_read_at_once_by_anybody()
    {
        var stream = NewStream();
        await using var another = await Backend.OpenAnotherAsync();

        await TogetherAsync(async _ =>
        {
            for (var i = 0; i < 4; i++)
            {
                var envelope = AnEvent(stream);
                var result = await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);
                var version = result.Version.Value;

                var loaded = await another.Store.LoadAsync(stream, version, version, Cancellation);

                loaded.Should().Equal(envelope with { Version = version });
            }
        });

        await AssertIntactAsync(stream, await LoadAsync(stream));
    }

    [Fact]
    public async Task Racing_appends_that_accept_any_version_keep_every_event_and_keep_each_append_together()
    {
        var stream = NewStream();
        var appends = new ConcurrentBag<EventEnvelope[]>();

        await TogetherAsync(async _ =>
        {
            for (var i = 0; i < 4; i++)
            {
                var events = SomeEvents(stream, 3);
                await Store.AppendAsync(stream, events, cancellationToken: Cancellation);
                appends.Add(events);
            }
        });

        var stored = await LoadAsync(stream);
        stored.Should().HaveCount(Writers * 4 * 3);
        foreach (var events in appends)
        {
            var first = stored.Single(envelope => envelope.Id == events[0].Id).Version;
            stored.Skip((int)first - 1).Take(3).Should().Equal(Numbered(events, first));
        }

        await AssertIntactAsync(stream, stored);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Racing_copies_of_one_append_give_one_copy_and_the_same_answer_to_all(int count)
    {
        var stream = await StreamWithAsync(count);
        var events = SomeEvents(stream, 3);
        var exists = count == 0 ? ExpectedVersion.NoStream : ExpectedVersion.StreamExists;
        ExpectedVersion[] expectations = [ExpectedVersion.Any, ExpectedVersion.From(count), exists];
        await using var another = await Backend.OpenAnotherAsync();
        var results = new ConcurrentBag<AppendResult>();

        await TogetherAsync(async writer => results.Add(
            await (writer % 2 == 0 ? Appender : another.Appender).AppendAsync(
                stream, events, expectations[writer % expectations.Length], Cancellation)));

        results.Should().ContainSingle(result => !result.WasRepeated);
        results.Select(result => result with { WasRepeated = false }).Distinct().Should().ContainSingle();
        var stored = await LoadAsync(stream);
        stored.Skip(count).Should().Equal(Numbered(events, count + 1));
        await AssertIntactAsync(stream, stored);
    }

    [Fact]
    public async Task Of_racing_events_with_one_id_and_different_content_exactly_one_is_stored()
    {
        var id = Guid.CreateVersion7();
        StreamId[] streams = [NewStream(), NewStream()];
        var (won, refused) = (new ConcurrentBag<EventEnvelope>(), new ConcurrentBag<Guid>());

        await TogetherAsync(async writer =>
        {
            var stream = streams[writer % 2];
            var envelope = AnEvent(stream, $"[{writer}]") with { Id = id };
            try
            {
                await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);
                won.Add(envelope);
            }
            catch (EventIdReusedException reused)
            {
                refused.Add(reused.EventId);
            }
        });

        var winner = won.Should().ContainSingle().Subject;
        refused.Should().HaveCount(Writers - 1).And.OnlyContain(refusedId => refusedId == id);
        (await LoadAsync(winner.StreamId)).Should().Equal(Numbered([winner]));
        (await Store.ExistsAsync(streams.Single(stream => stream != winner.StreamId), Cancellation)).Should().BeFalse();
    }

    [Fact]
    public async Task Appends_to_several_streams_in_opposite_orders_do_not_block_each_other()
    {
        StreamId[] streams = [NewStream(), NewStream(), NewStream(), NewStream()];
        var random = SeededRandom.Create();
        var orders = Enumerable.Range(0, Writers).Select(_ => streams.OrderBy(_ => random.Next()).ToArray()).ToArray();

        await TogetherAsync(async writer =>
        {
            for (var i = 0; i < 5; i++)
            {
                var appends = orders[writer].Select(stream => new StreamAppend(stream, SomeEvents(stream, 2)));
                await Appender.AppendAsync([.. appends], Cancellation);
            }
        });

        foreach (var stream in streams)
        {
            var stored = await LoadAsync(stream);
            stored.Should().HaveCount(Writers * 5 * 2);
            await AssertIntactAsync(stream, stored);
        }
    }

    [Fact]
    public async Task A_reader_sees_appends_whole_and_a_stream_that_only_grows_while_writers_race()
    {
        var stream = NewStream();
        using var done = new CancellationTokenSource();
        var reading = Task.Run(
            async () =>
            {
                var before = 0;
                do
                {
                    var seen = await LoadAsync(stream);
                    (seen.Count % 3).Should().Be(0, "an append of three is seen whole or not at all");
                    seen.Count.Should().BeGreaterThanOrEqualTo(before);
                    StreamVerifier.Verify(stream, seen).Finding.Should().BeNull();
                    before = seen.Count;
                }
                while (!done.IsCancellationRequested);
            },
            Cancellation);

        await TogetherAsync(async _ =>
        {
            for (var i = 0; i < 4; i++)
            {
                await Store.AppendAsync(stream, SomeEvents(stream, 3), cancellationToken: Cancellation);
            }
        });

        await done.CancelAsync();
        await reading;
        await AssertIntactAsync(stream, await LoadAsync(stream));
    }

    [Fact]
    [Trait("PeerBug", "B01")]
    public async Task A_feed_reader_misses_nothing_and_sees_nothing_twice_while_writers_race()
    {
        StreamId[] streams = [NewStream(), NewStream(), NewStream()];
        const int total = Writers * 4 * 2;
        var reading = Task.Run(
            async () =>
            {
                var (seen, after) = (new List<EventEnvelope>(), FeedStart);
                while (seen.Count < total)
                {
                    var page = await Feed.ReadFeedPageAsync(after, OwnEvents, maxCount: 5, Cancellation);
                    Assert.All(page.Events, envelope => Assert.True(envelope.Position <= page.SettledBound));
                    seen.AddRange(page.Events);
                    after = page.ReadTo;
                    await Task.Yield();
                }

                return seen;
            },
            Cancellation);

        await TogetherAsync(async writer =>
        {
            for (var i = 0; i < 4; i++)
            {
                var stream = streams[(writer + i) % streams.Length];
                await Store.AppendAsync(stream, SomeEvents(stream, 2), cancellationToken: Cancellation);
            }
        });

        var feed = await reading;
        feed.Should().HaveCount(total);
        feed.Select(envelope => envelope.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        foreach (var stream in streams)
        {
            feed.Where(envelope => envelope.StreamId == stream).Should().Equal(await LoadAsync(stream));
        }
    }

    // All writers start at the same moment, each on a thread of the pool; a hang ends with the test's own limit.
    private async Task TogetherAsync(Func<int, Task> write)
    {
        using var gate = new SemaphoreSlim(0, Writers);
        var writing = Enumerable.Range(0, Writers).Select(writer => Task.Run(
            async () =>
            {
                await gate.WaitAsync(Cancellation);
                await write(writer);
            },
            Cancellation)).ToArray();
        gate.Release(Writers);
        await Task.WhenAll(writing).WaitAsync(Cancellation);
    }

    // Versions dense, chain intact, and the feed holds the stream's events once and in its order.
    private async Task AssertIntactAsync(StreamId stream, IReadOnlyList<EventEnvelope> stored)
    {
        stored.Select((envelope, index) => envelope.Version - index).Should().OnlyContain(first => first == 1);
        StreamVerifier.Verify(stream, stored).Finding.Should().BeNull();
        (await OwnFeedAsync(stored[^1].Position)).Where(e => e.StreamId == stream).Should().Equal(stored);
    }
}
