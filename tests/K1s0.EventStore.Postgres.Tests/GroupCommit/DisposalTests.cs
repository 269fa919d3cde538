namespace K1s0.EventStore.Postgres.Tests.GroupCommit;

/// <summary>A store that is disposed while appends wait inside and outside its queue.</summary>
public sealed class DisposalTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task When_a_disposed_store_has_drained_nothing_is_written_any_more()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxQueuedAppends = 1);
        StreamId[] streams = [.. Enumerable.Range(0, 100).Select(_ => Some.Stream())];

        var appends = streams.Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1))).ToArray();
        var disposing = writer.Store.DisposeAsync().AsTask();
        await writer.ReleaseAsync();
        await disposing;
        var drained = await store.ContentAsync();
        await Record.ExceptionAsync(() => Task.WhenAll(appends));

        (await store.ContentAsync()).Should().Be(drained);
        (await appends[0]).Version.Value.Should().Be(1, "it was in the queue");
        foreach (var (stream, append) in streams.Zip(appends))
        {
            (await store.Store.ExistsAsync(stream)).Should().Be(append.IsCompletedSuccessfully);
            append.Exception?.InnerException.Should().BeOfType<ObjectDisposedException>("it waited outside, and is told so");
        }
    }
}
