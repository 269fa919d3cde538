using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>What is really stored of appends that were cut.</summary>
internal sealed class StoredAppends(TestStore store)
{
    /// <summary>Whether all events of the appends are stored; anything between all and none is an error.</summary>
    public async Task<bool> AreThereAsync(IReadOnlyList<StreamAppend> appends)
    {
        var ids = appends.SelectMany(append => append.Events).Select(envelope => $"'{envelope.Id}'").ToArray();
        var stored = await store.ScalarAsync<long>(
            $"select count(*) from {{s}}.events where event_id in ({string.Join(',', ids)})");
        stored.Should().BeOneOf([0, ids.Length], "an append is stored whole or not at all");
        return stored > 0;
    }

    /// <summary>Each append is stored once, as the last of its stream, as its result says, and the chain is intact.</summary>
    public async Task OneCopyAsync(IReadOnlyList<StreamAppend> appends, IReadOnlyList<AppendResult> results)
    {
        foreach (var (append, result) in appends.Zip(results))
        {
            var events = await store.Store.LoadAsync(append.StreamId);
            events.TakeLast(append.Events.Count).Select(envelope => envelope with { Version = 0 }).Should().Equal(append.Events);
            events.Select(envelope => envelope.Id).Should().OnlyHaveUniqueItems();
            result.Version.Value.Should().Be(events.Count);
            result.LastPosition.Should().Be(events[^1].Position);
            StreamVerifier.Verify(append.StreamId, events).Finding.Should().BeNull();
        }
    }
}
