namespace K1s0.EventStore.Postgres.Tests.Appending;

/// <summary>
/// A store remembers the heads of streams and computes chains from them; what it remembers may be wrong.
/// </summary>
public sealed class HeadCacheTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Theory]
    [InlineData(10_000)]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Stores_that_take_turns_keep_the_chain_whole(int cacheSize)
    {
        var first = await database.NewStoreAsync(options => options.HeadCacheSize = cacheSize);
        TestStore[] stores = [first, first.Reopen(), first.Reopen(configure: options => options.HeadCacheSize = 0)];
        StreamId[] streams = [Some.Stream(), Some.Stream(), Some.Stream()];
        var versions = streams.ToDictionary(stream => stream, _ => 0L);
        for (var turn = 0; turn < 30; turn++)
        {
            var (store, stream) = (stores[turn % stores.Length], streams[turn / 2 % streams.Length]);
            var expected = (turn % 4) switch
            {
                0 => ExpectedVersion.Any,
                1 when versions[stream] > 0 => ExpectedVersion.StreamExists,
                _ => ExpectedVersion.Exactly(new StreamVersion(versions[stream])),
            };

            var result = await store.Store.AppendAsync(stream, Some.Events(stream, 1 + (turn % 3)), expected);

            versions[stream] += 1 + (turn % 3);
            result.Version.Value.Should().Be(versions[stream]);
        }

        foreach (var stream in streams)
        {
            (await first.VerifyAsync(stream)).VerifiedEvents.Should().Be(versions[stream]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Several_events_of_a_writer_that_does_not_know_the_head_are_chained_by_the_server(bool atomic)
    {
        var store = await database.NewStoreAsync();
        var (stream, other) = (Some.Stream(), Some.Stream());
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        var stranger = store.Reopen();

        StreamAppend[] appends = atomic ? [Some.Append(stream, 4), Some.Append(other, 2)] : [Some.Append(stream, 4)];
        await stranger.Store.AppendAsync(appends);

        var verification = await store.VerifyAsync(stream);
        verification.Finding.Should().BeNull();
        verification.VerifiedEvents.Should().Be(7);
        (await store.Store.LoadAsync(stream)).Skip(1).Zip(await store.Store.LoadAsync(stream))
            .Should().OnlyContain(pair => pair.First.PreviousEventId == pair.Second.Id);
        (await store.VerifyAsync(other)).IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task An_exact_append_to_a_stream_whose_history_was_replaced_is_refused_until_it_is_loaded_again()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        await LostTail.CutAsync(store, stream, keep: 1);
        await store.Reopen().Store.AppendAsync(stream, Some.Events(stream, 2), 1);
        var before = await store.ContentAsync();

        var refusal = await Assert.ThrowsAsync<StreamDivergedException>(
            () => store.Store.AppendAsync(stream, Some.Events(stream, 1), 3));

        refusal.StreamId.Should().Be(stream);
        refusal.Version.Value.Should().Be(3);
        (await store.ContentAsync()).Should().Be(before);
        (await store.Store.LoadAsync(stream)).Should().HaveCount(3);
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 3);
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(4);
    }

    [Fact]
    public async Task In_an_append_to_several_streams_the_replaced_one_is_named_and_nothing_is_written()
    {
        var store = await database.NewStoreAsync();
        var (whole, replaced) = (Some.Stream(), Some.Stream());
        await store.Store.AppendAsync([Some.Append(whole, 2), Some.Append(replaced, 2)]);
        await LostTail.CutAsync(store, replaced, keep: 1);
        await store.Reopen().Store.AppendAsync(replaced, Some.Events(replaced, 1), 1);
        var before = await store.ContentAsync();
        var two = ExpectedVersion.Exactly(new StreamVersion(2));

        var refusal = await Assert.ThrowsAsync<StreamDivergedException>(
            () => store.Store.AppendAsync([Some.Append(whole, 1, two), Some.Append(replaced, 1, two)]));

        refusal.StreamId.Should().Be(replaced);
        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task An_append_without_expectation_goes_on_from_the_replaced_history()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        await LostTail.CutAsync(store, stream, keep: 1);
        await store.Reopen().Store.AppendAsync(stream, Some.Events(stream, 2), 1);

        var result = await store.Store.AppendAsync(stream, Some.Events(stream, 2));

        result.Version.Value.Should().Be(5);
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(5);
    }

    [Fact]
    public async Task A_remembered_head_beyond_the_end_of_the_stream_does_no_harm()
    {
        var store = await database.NewStoreAsync();
        var (shorter, gone) = (Some.Stream(), Some.Stream());
        await store.Store.AppendAsync([Some.Append(shorter, 3), Some.Append(gone, 3)]);
        await LostTail.CutAsync(store, shorter, keep: 2);
        await LostTail.CutAsync(store, gone, keep: 0);

        (await Assert.ThrowsAsync<ConcurrencyException>(
            () => store.Store.AppendAsync(shorter, Some.Events(shorter, 1), 3)))
            .ActualVersion.Should().Be(2);
        (await store.Store.AppendAsync(shorter, Some.Events(shorter, 2), 2)).Version.Value.Should().Be(4);
        (await store.Store.AppendAsync(gone, Some.Events(gone, 2))).Version.Value.Should().Be(2);

        (await store.VerifyAsync(shorter)).VerifiedEvents.Should().Be(4);
        (await store.VerifyAsync(gone)).VerifiedEvents.Should().Be(2);
    }

    [Fact]
    public async Task Loading_only_the_beginning_of_a_stream_teaches_no_head()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Reopen().Store.AppendAsync(stream, Some.Events(stream, 5), 0);
        await store.Store.LoadAsync(stream, toVersion: 2);

        await store.Store.AppendAsync(stream, Some.Events(stream, 2), 5);

        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(7);
    }
}
