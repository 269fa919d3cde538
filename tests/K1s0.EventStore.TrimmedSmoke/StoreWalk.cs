using K1s0.EventStore.Integrity;
using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.TrimmedSmoke;

/// <summary>One way through a store: append, conflict, snapshot, checkpoint, feed, verification, proof.</summary>
internal static class StoreWalk
{
    private static readonly StreamId Order = new("order", "4711");

    /// <summary>What did not come out as promised; empty when everything did.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(IServiceProvider provider)
    {
        var failures = new List<string>();
        await AppendAsync(provider.GetRequiredService<IEventStore>(), failures);
        await RefuseAsync(provider.GetRequiredService<IEventStore>(), failures);
        await SnapshotAsync(provider.GetRequiredService<ISnapshotStore>(), failures);
        await FollowAsync(
            provider.GetRequiredService<IFeedReader>(), provider.GetRequiredService<ICheckpointStore>(), failures);
        await VerifyAsync(provider.GetRequiredService<IStreamReader>(), failures);
        var first = (await provider.GetRequiredService<IEventStore>().LoadAsync(Order))[0];
        failures.AddRange(await LedgerWalk.RunAsync(first));
        return failures;
    }

    private static async Task AppendAsync(IEventStore store, List<string> failures)
    {
        var placed = EventEnvelope.Create(
            Order,
            "order-placed",
            new OrderState("Ada", 0),
            OrderJson.Default.OrderState,
            new EventMetadata { Actor = "ada" });
        var paid = EventEnvelope.Create(Order, "order-paid", """{"amount":42.50}"""u8.ToArray());
        var result = await store.AppendAsync(Order, [placed, paid], expectedVersion: 0);
        Check(result.Version.Value == 2, $"two appended events give version 2, not {result.Version}", failures);

        var loaded = await store.LoadAsync(Order);
        Check(loaded.Count == 2, $"two events are loaded, not {loaded.Count}", failures);
        Check(loaded[0].Actor is "ada", "the actor is read from the metadata", failures);
        Check(loaded[1].Payload.GetProperty("amount").GetRawText() is "42.50", "the payload keeps its bytes", failures);
    }

    private static async Task RefuseAsync(IEventStore store, List<string> failures)
    {
        try
        {
            await store.AppendAsync(Order, [EventEnvelope.Create(Order, "late", "{}"u8.ToArray())], expectedVersion: 0);
            failures.Add("an append with a stale version was accepted");
        }
        catch (ConcurrencyException conflict)
        {
            Check(conflict.ActualVersion == 2, $"the conflict names version 2, not {conflict.ActualVersion}", failures);
        }

        Check((await store.LoadAsync(Order)).Count == 2, "a refused append leaves the stream as it was", failures);
    }

    private static async Task SnapshotAsync(ISnapshotStore snapshots, List<string> failures)
    {
        var state = new OrderState("Ada", 42.50m);
        await snapshots.SaveAsync(Order, 2, state);
        var loaded = await snapshots.LoadLatestAsync<OrderState>(Order);
        Check(loaded?.State == state, "the snapshot comes back by generated serialisation", failures);
    }

    private static async Task FollowAsync(IFeedReader feed, ICheckpointStore checkpoints, List<string> failures)
    {
        var claim = await checkpoints.ClaimAsync("smoke", "this program");
        var types = new List<string>();
        await foreach (var envelope in feed.ReadFeedAsync())
        {
            types.Add(envelope.EventType);
            claim = await checkpoints.SaveAsync(
                claim, new Checkpoint(envelope.Position, await feed.GetIdentityAsync(), envelope.ChainHash));
        }

        Check(
            types is ["order-placed", "order-paid"], $"the feed has both events in order, not {types.Count}", failures);
        var checkpoint = await checkpoints.LoadAsync("smoke");
        Check(checkpoint?.Position == await feed.GetSettledBoundAsync(), "the checkpoint is at the end", failures);
    }

    private static async Task VerifyAsync(IStreamReader streams, List<string> failures)
    {
        var verification = await StreamVerifier.VerifyAsync(Order, streams.ReadStreamAsync(Order));
        Check(verification.IsValid, $"the chain verifies: {verification.Finding}", failures);
        Check(verification.VerifiedEvents == 2, "both events are verified", failures);
    }

    private static void Check(bool holds, string promise, List<string> failures)
    {
        if (!holds)
        {
            failures.Add(promise);
        }
    }
}
