namespace K1s0.EventStore.Archive.Tests;

/// <summary>What the README shows.</summary>
public sealed class ReadmeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_feed_is_put_into_batches()
    {
        var store = new InMemoryEventStore();
        var stream = new StreamId("order", "4711");
        for (var number = 0; number < 2_500; number++)
        {
            await store.AppendAsync(stream, [EventEnvelope.Create(stream, "order-placed", "{}"u8.ToArray())]);
        }

        var finished = new List<EventBatch>();

        // snippet: batch
        var writer = new EventBatchWriter(await store.GetIdentityAsync(), EventBatchLimits.Streaming);
        await foreach (var envelope in store.ReadFeedAsync())
        {
            if (!writer.TryAdd(envelope))
            {
                await PutAsync(writer.Finish());
                writer.TryAdd(envelope);
            }
        }

        await PutAsync(writer.Finish());
        // end-snippet
        finished.SelectMany(batch => EventBatchReader.Decode(batch.Content))
            .Should().Equal(await store.ReadFeedAsync().ToListAsync(Cancellation));

        Task PutAsync(EventBatch batch)
        {
            finished.Add(batch);
            return Task.CompletedTask;
        }
    }
}
