using K1s0.EventStore.Conformance.Accounts;
using K1s0.EventStore.Postgres.Tests.Partitions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>Whoever reads old events reads them from the archive: states, their past, replays; or is told.</summary>
[Trait("Row", "L07")]
public sealed class ArchivedReadsTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static readonly StreamId Stream = new("account", "1");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Row", "L21")]
    public async Task A_state_is_loaded_from_its_first_event_on_and_as_of_every_version_across_the_border(
        bool hasSnapshot)
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var writer = Accounts(scene.Store.Store, scene.Store.Snapshots);
        await DepositAsync(scene, writer, Month.Ahead(-3), 30);
        await DepositAsync(scene, writer, Month.Ahead(-2), 30);
        if (hasSnapshot)
        {
            await writer.TakeSnapshotAsync(Stream, Cancellation);
        }

        await DepositAsync(scene, writer, Month.Ahead(0), 10);
        var recorded = (await scene.Store.Store.LoadAsync(Stream)).Select(envelope => envelope.RecordedAt).ToArray();
        (await scene.ArchiveAsync()).PrunedMonths.Should().HaveCount(2);
        var states = Accounts(scene.Reopen(), scene.Store.Snapshots);

        var now = await states.LoadAsync(Stream, Cancellation);
        (now.Version.Value, now.State.Balance, now.StartedAt.Value).Should().Be((70, 70, hasSnapshot ? 60 : 0));
        foreach (var version in new[] { 1, 29, 30, 31, 59, 60, 61, 70 })
        {
            var past = await states.LoadAtAsync(
                Stream, StreamPoint.AtVersion(new StreamVersion(version)), Cancellation);
            (past.Version.Value, past.State.Balance).Should().Be((version, version));
            var then = await states.LoadAtAsync(Stream, StreamPoint.RecordedBy(recorded[version - 1]), Cancellation);
            (then.Version.Value, then.State.Balance).Should().Be((version, version));
        }

        var handled = await states.HandleAsync(Stream, _ => [new AmountDeposited(1)], cancellationToken: Cancellation);
        (handled.Version.Value, handled.State.Balance).Should().Be((71, 71));
    }

    [Fact]
    public async Task A_replay_goes_over_the_border_by_feed_by_stream_and_by_time()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-3), 60, 5);
        await scene.AppendAsync(Month.Ahead(-2), 60, 5);
        await scene.AppendAsync(Month.Ahead(0), 30, 5);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await scene.ArchiveAsync();
        var (from, before) = (all[50].RecordedAt, all[130].RecordedAt);
        var selections = new (ReplaySelection Selection, Func<EventEnvelope, bool> Takes)[]
        {
            (new ReplaySelection(), _ => true),
            (new ReplaySelection { Stream = all[7].StreamId }, one => one.StreamId == all[7].StreamId),
            (new ReplaySelection { Filter = new FeedFilter { RecordedFrom = from, RecordedBefore = before } },
                one => one.RecordedAt >= from && one.RecordedAt < before),
            (new ReplaySelection { After = all[100].Position, To = all[125].Position },
                one => one.Position > all[100].Position && one.Position <= all[125].Position),
        };
        foreach (var (selection, takes) in selections)
        {
            var replay = new Replay(scene.Reopen(), scene.Reopen());
            var seen = new List<EventEnvelope>();
            await foreach (var envelope in replay.ReadAsync(selection, cancellationToken: Cancellation))
            {
                seen.Add(envelope);
            }

            seen.Should().Equal(all.Where(takes));
        }
    }

    [Fact]
    public async Task The_functions_for_other_languages_refuse_what_is_archived_and_skip_nothing()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 20, 2);
        await scene.AppendAsync(Month.Ahead(0), 20, 2);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await scene.ArchiveAsync();
        var bound = all[19].Position.Value;

        foreach (var refused in new[]
        {
            "select count(*) from {s}.read_feed(0)",
            $"select count(*) from {{s}}.read_feed({bound - 1})",
            "select count(*) from {s}.read_stream('order', 's1')",
            "select count(*) from {s}.read_stream('order', 's1', 10)",
        })
        {
            var refusal = await Assert.ThrowsAsync<PostgresException>(() => scene.Store.ScalarAsync<long>(refused));
            (refusal.SqlState, refusal.ColumnName).Should().Be(("ES410", $"{bound}"), refused);
        }

        (await scene.Store.ScalarAsync<long>($"select count(*) from {{s}}.read_feed({bound})")).Should().Be(20);
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.read_stream('order', 's1', 11)")).Should().Be(10);
    }

    private static async Task DepositAsync(
        ArchiveScene scene, AggregateStore<AccountState, IAccountEvent> accounts, Month month, int count)
    {
        var before = (await scene.Store.Store.GetSettledBoundAsync()).Value;
        await accounts.HandleAsync(
            Stream, _ => Enumerable.Repeat(new AmountDeposited(1), count), cancellationToken: Cancellation);
        await scene.MoveAsync(month, before);
    }

    private static AggregateStore<AccountState, IAccountEvent> Accounts(
        PostgresEventStore store, PostgresSnapshotStore snapshots) => new(
            new AccountDecider(),
            store,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<AccountState>
            {
                Format = StateFormat.Json(AccountJson.Default.AccountState),
                Snapshots = SnapshotStrategy.Never,
            },
            snapshots: snapshots);
}
