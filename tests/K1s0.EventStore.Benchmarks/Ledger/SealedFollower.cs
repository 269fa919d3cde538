using K1s0.EventStore.Benchmarks.Feed;

namespace K1s0.EventStore.Benchmarks.Ledger;

/// <summary>Seals and signs, and says which events are under the signed head then.</summary>
internal sealed class SealedFollower(ILedgerStore ledger, LogSealer sealer, long size) : IFollower
{
    private long _size = size;

    public async Task<IReadOnlyList<Guid>> PollAsync()
    {
        await BenchmarkLog.SealAllAsync(sealer);
        var head = await ledger.GetSignedHeadAsync(CancellationToken.None);
        var count = (int)((head?.Size ?? 0) - _size);
        if (count == 0)
        {
            return [];
        }

        var records = await ledger.ReadSealedAsync(_size, count, CancellationToken.None);
        _size += records.Count;
        return [.. records.Select(record => record.EventId)];
    }

    public async ValueTask DisposeAsync() => await sealer.ReleaseAsync();
}
