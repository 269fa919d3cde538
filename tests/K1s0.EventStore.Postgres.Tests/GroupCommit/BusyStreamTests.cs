namespace K1s0.EventStore.Postgres.Tests.GroupCommit;

/// <summary>A stream that is being appended to holds up nobody but those who append to it.</summary>
public sealed class BusyStreamTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_second_append_to_a_busy_stream_takes_no_second_writer()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxWriters = 2);
        var free = Some.Stream();

        var behind = writer.Store.AppendAsync(writer.Stream, Some.Events(writer.Stream, 1));
        var beside = await writer.Store.AppendAsync(free, Some.Events(free, 1), 0);

        beside.Version.Value.Should().Be(1);
        writer.Blocked.IsCompleted.Should().BeFalse();
        behind.IsCompleted.Should().BeFalse();
        await writer.ReleaseAsync();
        (await behind).Version.Value.Should().Be(3);
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_second_append_to_a_stream_waits_for_the_next_batch_and_its_neighbours_do_not()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxRetries = 0);
        var twice = Some.Stream();
        StreamId[] others = [.. Enumerable.Range(0, 5).Select(_ => Some.Stream())];

        var first = writer.Store.AppendAsync(twice, Some.Events(twice, 1), 0);
        var second = writer.Store.AppendAsync(twice, Some.Events(twice, 1), 1);
        var neighbours = others.Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0)).ToArray();
        await writer.ReleaseAsync();
        await Task.WhenAll([first, second, .. neighbours]);

        var batches = await store.ColumnAsync<long>(
            "select count(*) from {s}.events where stream_type = 'order' group by xmin::text order by min(position)");
        batches.Should().Equal(1 + others.Length, 1);
    }
}
