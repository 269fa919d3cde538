using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>
/// One stream, with and without snapshots: whatever happens to it and to them, both see the same.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="stream">A stream of its own.</param>
/// <param name="interval">A snapshot is taken each so many events.</param>
/// <param name="isCached">Whether the process remembers states, too.</param>
public sealed class SnapshotRun(IConformanceStore store, StreamId stream, int interval, bool isCached)
{
    private static readonly EventSerializer Serializer = new(AccountJson.Types);

    private AggregateRepository<Account, IAccountEvent> _with = null!;

    /// <summary>Runs the steps, and compares behind each of them.</summary>
    public async Task<bool> RunAsync(IEnumerable<SnapshotStep> steps, CancellationToken cancellationToken)
    {
        _with = Repository(interval, isCached);
        var number = 0;
        foreach (var step in steps)
        {
            await DoAsync(step, ++number, cancellationToken);
            if (!await IsSameAsync(cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    private async Task DoAsync(SnapshotStep step, int number, CancellationToken token)
    {
        var head = await store.Streams.GetHeadAsync(stream, token);
        switch (step)
        {
            case SnapshotStep.Command:
                await _with.HandleAsync(stream, account => Act(account, number), cancellationToken: token);
                break;
            case SnapshotStep.ForeignAppend:
                var events = Enumerable.Repeat(new AmountDeposited(number), (number % 4) + 1);
                await store.Store.AppendAsync(
                    stream, events.Select(deposit => Serializer.ToEnvelope(stream, deposit)), cancellationToken: token);
                break;
            case SnapshotStep.TakeSnapshot:
                await _with.States.TakeSnapshotAsync(stream, token);
                break;
            case SnapshotStep.Restart:
                _with = Repository(interval, isCached);
                break;
            case SnapshotStep.Garbage:
                await store.Snapshots.SaveAsync(
                    stream, nameof(Account), Math.Max(1, head.Version.Value), "garbage", token);
                break;
            default:
                await SaveWrongAsync(step, head, token);
                break;
        }
    }

    // Each holds a state that nobody may see.
    private Task SaveWrongAsync(SnapshotStep step, StreamHead head, CancellationToken token)
    {
        var version = Math.Max(1, head.Version.Value) + (step is SnapshotStep.Ahead ? 3 : 0);
        var frame = SnapshotFrame.Pack(
            nameof(Account),
            step is SnapshotStep.OtherFold ? 2 : 1,
            new StreamVersion(version),
            step is SnapshotStep.WrongHash ? Sha256Digest.Of([1]) : head.ChainHash,
            """{"owner":"Mallory","balance":1000000,"movements":[1000000]}"""u8,
            CompressionCodecs.OfSystem.Preferred);
        return store.Snapshots.SaveAsync(stream, nameof(Account), version, frame, token);
    }

    private static void Act(Account account, int number)
    {
        account.Deposit(number);

        // What happens to the object without being recorded happens to nobody else.
        account.Movements.Add(-1);
    }

    private async Task<bool> IsSameAsync(CancellationToken token)
    {
        var without = await Repository(interval: 0, remembers: false).LoadAsync(stream, token);
        var with = await _with.LoadAsync(stream, token);
        return with.Version == without.Version
            && with.ChainHash == without.ChainHash
            && with.State.Balance == without.State.Balance
            && with.State.Movements.SequenceEqual(without.State.Movements)
            && with.SnapshotVersion <= with.Version;
    }

    private AggregateRepository<Account, IAccountEvent> Repository(int interval, bool remembers) =>
        new(new AggregateStore<Account, IAccountEvent>(
            StateFold.OfClass<Account, IAccountEvent>(() => new Account()),
            store.Store,
            Serializer,
            new AggregateOptions<Account>
            {
                Format = StateFormat.Json(AccountJson.Default.Account),
                Snapshots = interval > 0 ? SnapshotStrategy.EveryEvents(interval) : SnapshotStrategy.Never,
                CacheCapacity = remembers ? 10 : 0,
            },
            snapshots: interval > 0 ? store.Snapshots : null));
}
