using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Conformance;

/// <summary>Snapshots of aggregates: when they are taken, what they hold, and when they are not used.</summary>
public abstract class AggregateSnapshotSuite : ConformanceSuite
{
    private readonly AccountDecider _decider = new();

    [Fact]
    [Trait("Row", "K06")]
    [Trait("Row", "I07")]
    public async Task A_snapshot_is_taken_each_so_many_events_and_a_load_reads_only_what_came_behind_it()
    {
        var (stream, accounts) = (NewStream(), Accounts(SnapshotStrategy.EveryEvents(10)));
        var taken = new List<long>();
        for (var i = 0; i < 25; i++)
        {
            await accounts.HandleAsync(stream, new AccountCommand(Move: 1), cancellationToken: Cancellation);
            taken.Add((await LoadFrameAsync(stream))?.Version ?? 0);
        }

        var loaded = await accounts.States.LoadAsync(stream, Cancellation);

        taken.Should().Equal([.. Enumerable.Repeat(0L, 9), .. Enumerable.Repeat(10L, 10), .. Enumerable.Repeat(20L, 6)]);
        (loaded.StartedAt.Value, loaded.AppliedEvents, loaded.State.Balance).Should().Be((20, 5, 25));
        loaded.SnapshotVersion.Value.Should().Be(20);
    }

    [Fact]
    [Trait("Row", "X06")]
    public async Task A_snapshot_applies_only_what_came_behind_the_one_before()
    {
        var (stream, accounts) = (NewStream(), Accounts(SnapshotStrategy.Never));
        await Store.AppendAsync(stream, Deposits(stream, 30), cancellationToken: Cancellation);
        var first = await accounts.States.TakeSnapshotAsync(stream, Cancellation);
        await Store.AppendAsync(stream, Deposits(stream, 4), cancellationToken: Cancellation);
        var before = _decider.Evolved;

        var second = await accounts.States.TakeSnapshotAsync(stream, Cancellation);

        (first!.StartedAt.Value, first.AppliedEvents, first.Version.Value).Should().Be((0, 30, 30));
        (second!.StartedAt.Value, second.AppliedEvents, second.Version.Value).Should().Be((30, 4, 34));
        (_decider.Evolved - before).Should().Be(4);
        (await accounts.States.TakeSnapshotAsync(stream, Cancellation)).Should().BeNull("nothing came behind it");
    }

    [Fact]
    [Trait("Row", "I03")]
    [Trait("Row", "I06")]
    public async Task A_snapshot_is_compressed_and_says_how_large_it_was_and_is()
    {
        var (stream, accounts) = (NewStream(), Repository());
        await accounts.HandleAsync(
            stream,
            account =>
            {
                for (var i = 0; i < 500; i++)
                {
                    account.Deposit(1_000_000 + (i % 10));
                }
            },
            cancellationToken: Cancellation);

        var taken = await accounts.States.TakeSnapshotAsync(stream, Cancellation);

        taken!.Compression.Should().Be(CompressionCodecs.OfSystem.Preferred.Format);
        taken.OriginalBytes.Should().BeGreaterThan(4_000);
        taken.CompressedBytes.Should().BeLessThan(taken.OriginalBytes / 4);
        var kept = (await LoadFrameAsync(stream, nameof(Account)))!.State;
        (kept.OriginalBytes, kept.CompressedBytes, kept.Compression)
            .Should().Be((taken.OriginalBytes, taken.CompressedBytes, taken.Compression));
        kept.ToBytes().Length.Should().BeLessThan(taken.OriginalBytes / 4);
        kept.ChainHash.Should().Be((await Streams.GetHeadAsync(stream, Cancellation)).ChainHash);
        (await accounts.LoadAsync(stream, Cancellation)).State.Movements.Should().HaveCount(500);
    }

    [Fact]
    public async Task A_state_in_a_frame_is_read_like_any_other_snapshot()
    {
        var (stream, accounts) = (NewStream(), Accounts(SnapshotStrategy.EveryEvents(1)));
        await accounts.HandleAsync(stream, new AccountCommand(Open: "Ada"), cancellationToken: Cancellation);

        var snapshot = await Snapshots.LoadLatestAsync<AccountState>(
            stream, nameof(AccountState), Cancellation);

        (snapshot!.Version, snapshot.State).Should().Be((1, new AccountState("Ada", 0, 0)));
        (snapshot.StateName, snapshot.StateVersion).Should().Be((nameof(AccountState), 1));
    }

    [Fact]
    [Trait("Row", "K06")]
    public async Task Two_folds_of_one_stream_keep_their_snapshots_side_by_side()
    {
        var (stream, accounts, movements) = (
            NewStream(), Accounts(SnapshotStrategy.EveryEvents(1)), Repository(SnapshotStrategy.EveryEvents(1)));
        await accounts.HandleAsync(stream, new AccountCommand(Move: 5), cancellationToken: Cancellation);
        await movements.HandleAsync(stream, account => account.Deposit(7), cancellationToken: Cancellation);
        await accounts.HandleAsync(stream, new AccountCommand(Move: 9), cancellationToken: Cancellation);
        await movements.States.TakeSnapshotAsync(stream, Cancellation);

        var state = await accounts.States.LoadAsync(stream, Cancellation);
        var account = await movements.LoadAsync(stream, Cancellation);

        (state.StartedAt.Value, state.AppliedEvents, state.State.Balance).Should().Be((3, 0, 21));
        (account.StartedAt.Value, account.AppliedEvents).Should().Be((3, 0));
        account.State.Movements.Should().Equal(5, 7, 9);
    }

    [Fact]
    [Trait("Row", "K06")]
    public async Task A_changed_fold_does_not_use_the_snapshots_of_the_old_one_and_replaces_them()
    {
        var (stream, old) = (NewStream(), Accounts(SnapshotStrategy.EveryEvents(1)));
        await old.HandleAsync(stream, new AccountCommand(Move: 5), cancellationToken: Cancellation);

        var changed = Accounts(SnapshotStrategy.EveryEvents(1), version: 2);
        var first = await changed.States.LoadAsync(stream, Cancellation);
        await changed.HandleAsync(stream, new AccountCommand(Move: 5), cancellationToken: Cancellation);
        var second = await changed.States.LoadAsync(stream, Cancellation);

        (first.StartedAt.Value, first.State.Balance).Should().Be((0, 5));
        (second.StartedAt.Value, second.State.Balance).Should().Be((2, 10));
        (await old.States.LoadAsync(stream, Cancellation)).StartedAt.Value.Should().Be(0);
    }

    [Fact]
    public async Task A_snapshot_that_is_too_large_is_refused_and_never_fails_an_append()
    {
        var stream = NewStream();
        var accounts = Accounts(SnapshotStrategy.EveryEvents(1), maxBytes: 20);

        var handled = await accounts.HandleAsync(
            stream, new AccountCommand(Open: "Ada"), cancellationToken: Cancellation);
        var refusal = await Assert.ThrowsAsync<SnapshotTooLargeException>(
            () => accounts.States.TakeSnapshotAsync(stream, Cancellation));

        handled.Version.Value.Should().Be(1);
        (refusal.StreamId, refusal.MaxBytes).Should().Be((stream, 20));
        refusal.Bytes.Should().BeGreaterThan(20);
        (await LoadFrameAsync(stream)).Should().BeNull();
    }

    // B24 of the peers: in-place mutation that was stored, an event that was applied twice.
    [Fact]
    [Trait("PeerBug", "B24")]
    public async Task What_a_command_does_to_an_object_without_recording_it_never_reaches_a_snapshot()
    {
        var (stream, accounts) = (NewStream(), Repository(SnapshotStrategy.EveryEvents(1)));

        await accounts.HandleAsync(
            stream,
            account =>
            {
                account.Deposit(10);
                account.Movements.Add(99);
                account.Balance = 1_000_000;
            },
            cancellationToken: Cancellation);

        var snapshot = await Snapshots.LoadLatestAsync<Account>(stream, nameof(Account), Cancellation);
        snapshot!.State.Movements.Should().Equal(10);
        snapshot.State.Balance.Should().Be(10);
    }

    [Fact]
    public async Task A_snapshot_that_races_with_writers_holds_what_the_stream_holds_at_its_version()
    {
        var (stream, accounts) = (NewStream(), Accounts(SnapshotStrategy.EveryEvents(3), attempts: 100));

        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(
            () => accounts.HandleAsync(stream, new AccountCommand(Move: 1), cancellationToken: Cancellation),
            Cancellation)));

        var frame = (await LoadFrameAsync(stream))!.State;
        var events = await LoadAsync(stream);
        frame.ChainHash.Should().Be(events[(int)frame.Version.Value - 1].ChainHash);
        (await Snapshots.LoadLatestAsync<AccountState>(
            stream, nameof(AccountState), Cancellation))!.State.Balance
            .Should().Be(frame.Version.Value);
    }

    [Fact]
    public async Task A_state_that_passed_an_event_over_is_not_kept()
    {
        var stream = NewStream();
        await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);
        var tolerant = Accounts(SnapshotStrategy.EveryEvents(1), unknown: UnknownEvents.HandOver);

        await tolerant.HandleAsync(stream, new AccountCommand(Move: 1), cancellationToken: Cancellation);

        (await tolerant.States.TakeSnapshotAsync(stream, Cancellation)).Should().BeNull();
        (await LoadFrameAsync(stream)).Should().BeNull();
        (await tolerant.States.LoadAsync(stream, Cancellation)).StartedAt.Value.Should().Be(0);
    }

    private Task<Snapshot<SnapshotFrame>?> LoadFrameAsync(StreamId stream, string name = nameof(AccountState)) =>
        Snapshots.LoadLatestAsync<SnapshotFrame>(stream, name, Cancellation);

    private static EventEnvelope[] Deposits(StreamId stream, int count) =>
        [.. Enumerable.Range(1, count).Select(amount =>
            new EventSerializer(AccountJson.Types).ToEnvelope(stream, new AmountDeposited(amount)))];

    private CommandHandler<AccountState, AccountCommand, IAccountEvent> Accounts(
        SnapshotStrategy strategy,
        int version = 1,
        int maxBytes = 1024,
        int attempts = 5,
        UnknownEvents unknown = UnknownEvents.Refuse) =>
        new(_decider, new AggregateStore<AccountState, IAccountEvent>(
            _decider,
            Store,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<AccountState>
            {
                Format = StateFormat.Json(AccountJson.Default.AccountState, version),
                Snapshots = strategy,
                MaxSnapshotBytes = maxBytes,
                MaxAttempts = attempts,
                CacheCapacity = 0,
                UnknownEvents = unknown,
            },
            snapshots: Snapshots));

    private AggregateRepository<Account, IAccountEvent> Repository(SnapshotStrategy? strategy = null) =>
        new(new AggregateStore<Account, IAccountEvent>(
            StateFold.OfClass<Account, IAccountEvent>(() => new Account()),
            Store,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<Account>
            {
                Format = StateFormat.Json(AccountJson.Default.Account),
                Snapshots = strategy ?? SnapshotStrategy.Never,
            },
            snapshots: Snapshots));

    protected override EventStoreOptions CreateOptions() =>
        new() { SerializerOptions = AccountJson.Default.Options };
}
