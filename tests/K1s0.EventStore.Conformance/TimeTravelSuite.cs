using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Conformance;

/// <summary>The state of a stream as it was, and what became different since.</summary>
public abstract class TimeTravelSuite : ConformanceSuite
{
    private static readonly EventSerializer Serializer = new(AccountJson.Types);

    [Theory]
    [Trait("Row", "L21")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_state_can_be_loaded_as_of_every_version(bool hasSnapshot)
    {
        var (stream, states) = (NewStream(), States());
        await AppendAsync(stream, 1, 2, 3, 4, 5, 6);
        if (hasSnapshot)
        {
            await states.TakeSnapshotAsync(stream, Cancellation);
        }

        await AppendAsync(stream, 7, 8);

        for (var version = 0; version <= 8; version++)
        {
            var past = await states.LoadAtAsync(
                stream, StreamPoint.AtVersion(new StreamVersion(version)), Cancellation);
            (past.Version.Value, past.State.Balance).Should().Be((version, version * (version + 1) / 2));
            past.StartedAt.Value.Should().Be(hasSnapshot && version >= 6 ? 6 : 0);
        }

        var missing = await Assert.ThrowsAsync<StreamVersionNotReachedException>(
            () => states.LoadAtAsync(stream, StreamPoint.AtVersion(new StreamVersion(9)), Cancellation));
        (missing.AskedVersion.Value, missing.ActualVersion.Value).Should().Be((9, 8));
    }

    [Fact]
    [Trait("Row", "L21")]
    public async Task A_state_can_be_loaded_as_of_a_time_at_which_it_was_recorded()
    {
        var (stream, states) = (NewStream(), States());
        await AppendAsync(stream, 1);
        await AppendAsync(stream, 2);
        await states.TakeSnapshotAsync(stream, Cancellation);
        await AppendAsync(stream, 3);

        foreach (var asOf in (await LoadAsync(stream)).Select(envelope => envelope.RecordedAt))
        {
            var expected = (await LoadAsync(stream)).Where(envelope => envelope.RecordedAt <= asOf).ToArray();
            var past = await states.LoadAtAsync(stream, StreamPoint.RecordedBy(asOf), Cancellation);
            past.Version.Value.Should().Be(expected[^1].Version);
        }

        var first = (await LoadAsync(stream))[0].RecordedAt;
        var before = await states.LoadAtAsync(stream, StreamPoint.RecordedBy(first.AddSeconds(-1)), Cancellation);
        (before.State, before.Version.Value).Should().Be((AccountState.None, 0));
        var future = await states.LoadAtAsync(stream, StreamPoint.RecordedBy(first.AddDays(1)), Cancellation);
        (future.State.Balance, future.Version.Value).Should().Be((6, 3));
    }

    [Fact]
    [Trait("Row", "L21")]
    public async Task A_state_as_of_what_had_occurred_holds_late_news_and_not_what_was_written_down_early()
    {
        var (stream, states) = (NewStream(), States());
        var noon = new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
        EventEnvelope[] events =
        [
            Deposit(stream, 1) with { OccurredAt = noon },
            Deposit(stream, 10) with { OccurredAt = noon.AddHours(9) },
            Deposit(stream, 100) with { OccurredAt = noon.AddHours(1) },
        ];
        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);
        await states.TakeSnapshotAsync(stream, Cancellation);

        var past = await states.LoadAtAsync(stream, StreamPoint.OccurredBy(noon.AddHours(1)), Cancellation);

        (past.State.Balance, past.State.Movements).Should().Be((101, 2));
    }

    [Fact]
    [Trait("Row", "L21")]
    public async Task The_difference_between_two_points_names_what_was_added_removed_and_changed()
    {
        var stream = NewStream();
        var accounts = new AggregateStore<Account, IAccountEvent>(
            StateFold.OfClass<Account, IAccountEvent>(() => new Account()),
            Store,
            Serializer,
            new AggregateOptions<Account> { Format = StateFormat.Json(AccountJson.Default.Account) });
        await Store.AppendAsync(
            stream, [Serializer.ToEnvelope(stream, new AccountOpened("Ada"))], cancellationToken: Cancellation);
        await AppendAsync(stream, 5, 7);

        var difference = await accounts.CompareAsync(
            stream, StreamPoint.AtVersion(new StreamVersion(2)), StreamPoint.End, Cancellation);
        var backward = await accounts.CompareAsync(
            stream, StreamPoint.End, StreamPoint.AtVersion(new StreamVersion(2)), Cancellation);

        difference.Changes.Select(change => change.ToString())
            .Should().BeEquivalentTo("~ /balance: 5 -> 12", "+ /movements/1: 7");
        backward.Changes.Select(change => change.ToString())
            .Should().BeEquivalentTo("~ /balance: 12 -> 5", "- /movements/1: 7");
        (difference.Before.Version.Value, difference.After.Version.Value).Should().Be((2, 3));
        (await accounts.CompareAsync(stream, StreamPoint.End, StreamPoint.End, Cancellation))
            .Changes.Should().BeEmpty();
    }

    protected override EventStoreOptions CreateOptions() =>
        new() { SerializerOptions = AccountJson.Default.Options };

    private static EventEnvelope Deposit(StreamId stream, long amount) =>
        Serializer.ToEnvelope(stream, new AmountDeposited(amount));

    private Task<AppendResult> AppendAsync(StreamId stream, params long[] amounts) => Store.AppendAsync(
        stream, amounts.Select(amount => Deposit(stream, amount)), cancellationToken: Cancellation);

    private AggregateStore<AccountState, IAccountEvent> States() =>
        new(
            new AccountDecider(),
            Store,
            Serializer,
            new AggregateOptions<AccountState>
            {
                Format = StateFormat.Json(AccountJson.Default.AccountState),
                Snapshots = SnapshotStrategy.Never,
                EventsPerRead = 4,
            },
            snapshots: Snapshots);
}
