using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Conformance;

/// <summary>Aggregates: loading, deciding, conflicts, the cache.</summary>
public abstract class AggregateSuite : ConformanceSuite
{
    private readonly AccountDecider _decider = new();

    [Fact]
    [Trait("Row", "I07")]
    public async Task A_command_is_decided_on_the_state_of_all_events_before_it()
    {
        var (stream, accounts) = (NewStream(), Handler());

        await accounts.HandleAsync(stream, new AccountCommand(Open: "Ada"), cancellationToken: Cancellation);
        await accounts.HandleAsync(stream, new AccountCommand(Move: 10), cancellationToken: Cancellation);
        var handled = await accounts.HandleAsync(
            stream, new AccountCommand(Move: -4), cancellationToken: Cancellation);

        handled.State.Should().Be(new AccountState("Ada", 6, 2));
        handled.Events.Should().Equal(new AmountWithdrawn(4));
        (handled.Version.Value, handled.Append!.Version.Value, handled.Attempts).Should().Be((3, 3, 1));
        (await LoadAsync(stream)).Select(envelope => envelope.EventType)
            .Should().Equal("account-opened", "amount-deposited", "amount-withdrawn");
        var loaded = await Handler().States.LoadAsync(stream, Cancellation);
        (loaded.State, loaded.Version.Value, loaded.AppliedEvents).Should().Be((handled.State, 3, 3));
    }

    [Fact]
    public async Task A_stream_that_does_not_exist_has_the_initial_state()
    {
        var stream = NewStream();

        var loaded = await Handler().States.LoadAsync(stream, Cancellation);

        (loaded.State, loaded.Version, loaded.AppliedEvents).Should().Be((AccountState.None, StreamVersion.None, 0));
        loaded.ChainHash.Should().Be(StreamHead.Empty(stream).ChainHash);
    }

    [Fact]
    public async Task A_command_that_is_refused_or_changes_nothing_writes_nothing()
    {
        var (stream, accounts) = (NewStream(), Handler());
        await accounts.HandleAsync(stream, new AccountCommand(Open: "Ada"), cancellationToken: Cancellation);

        await RefusedAsync<OverdrawnException>(
            () => accounts.HandleAsync(stream, new AccountCommand(Move: -1), cancellationToken: Cancellation), stream);
        var before = await StateAsync(stream);
        var handled = await accounts.HandleAsync(
            stream, new AccountCommand(Open: "Bob"), cancellationToken: Cancellation);

        (handled.Append, handled.Version.Value, handled.Events.Count).Should().Be((null, 1, 0));
        AssertSame(await StateAsync(stream), before);
    }

    [Fact]
    public async Task A_writer_in_between_makes_the_command_be_decided_again_on_what_is_there_then()
    {
        var (stream, accounts) = (NewStream(), Handler());
        await accounts.HandleAsync(stream, new AccountCommand(Move: 5), cancellationToken: Cancellation);
        var others = 2;
        _decider.WhileDeciding = _ => InBetween(ref others, stream);

        var handled = await accounts.HandleAsync(
            stream, new AccountCommand(Move: -5), cancellationToken: Cancellation);

        (handled.Attempts, handled.State.Balance, handled.Version.Value).Should().Be((3, 20, 4));
    }

    [Fact]
    public async Task A_command_is_given_up_after_the_attempts_that_are_allowed_and_writes_nothing()
    {
        var stream = NewStream();
        var accounts = Handler(new AggregateOptions<AccountState> { MaxAttempts = 3 });
        var others = int.MaxValue;
        _decider.WhileDeciding = _ => InBetween(ref others, stream);

        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => accounts.HandleAsync(stream, new AccountCommand(Open: "Ada"), cancellationToken: Cancellation));

        (_decider.Decided, conflict.ExpectedVersion, conflict.ActualVersion).Should().Be((3, 2, 3));
        (await LoadAsync(stream)).Should().HaveCount(3)
            .And.OnlyContain(envelope => envelope.EventType == "amount-deposited");
    }

    [Fact]
    public async Task Many_handlers_at_once_lose_no_command_and_repeat_none()
    {
        var stream = NewStream();
        var accounts = Handler(new AggregateOptions<AccountState> { MaxAttempts = 100 });

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(
            () => accounts.HandleAsync(stream, new AccountCommand(Move: 1), cancellationToken: Cancellation),
            Cancellation)));

        (await accounts.States.LoadAsync(stream, Cancellation)).State.Should().Be(new AccountState(null, 16, 16));
        (await LoadAsync(stream)).Should().HaveCount(16);
    }

    // B23 of the peers: a second load must not raise what the first one expects.
    [Fact]
    [Trait("PeerBug", "B23")]
    public async Task A_second_load_does_not_hide_a_change_from_who_loaded_first()
    {
        var stream = NewStream();
        var states = Handler(Cached()).States;
        await states.HandleAsync(stream, _ => [new AmountDeposited(1)], cancellationToken: Cancellation);
        var first = await states.LoadAsync(stream, Cancellation);
        await Store.AppendAsync(stream, [Deposit(stream, 2)], cancellationToken: Cancellation);
        var second = await states.LoadAsync(stream, Cancellation);

        (first.Version.Value, second.Version.Value, second.State.Balance).Should().Be((1, 2, 3));
        await RefusedAsync<ConcurrencyException>(
            () => states.AppendAsync(first, [new AmountDeposited(4)], cancellationToken: Cancellation), stream);
    }

    [Fact]
    public async Task A_remembered_state_is_only_where_reading_starts()
    {
        var (stream, states) = (NewStream(), Handler(Cached()).States);
        await Store.AppendAsync(stream, Deposits(stream, 5), cancellationToken: Cancellation);
        await states.LoadAsync(stream, Cancellation);
        await Store.AppendAsync(stream, Deposits(stream, 2), cancellationToken: Cancellation);

        var loaded = await states.LoadAsync(stream, Cancellation);

        (loaded.StartedAt.Value, loaded.AppliedEvents, loaded.Version.Value).Should().Be((5, 2, 7));
        loaded.State.Should().Be((await Handler().States.LoadAsync(stream, Cancellation)).State);
        loaded.ChainHash.Should().Be((await Streams.GetHeadAsync(stream, Cancellation)).ChainHash);
    }

    [Fact]
    public async Task A_long_stream_is_read_in_several_steps()
    {
        var stream = NewStream();
        await Store.AppendAsync(stream, Deposits(stream, 20), cancellationToken: Cancellation);

        foreach (var eventsPerRead in new[] { 2, 3, 7, 10, 19, 20, 21 })
        {
            var states = Handler(new AggregateOptions<AccountState> { EventsPerRead = eventsPerRead }).States;
            var loaded = await states.LoadAsync(stream, Cancellation);
            (loaded.State.Balance, loaded.Version.Value).Should().Be((210, 20));
        }
    }

    [Fact]
    [Trait("Row", "I07")]
    public async Task A_class_records_what_happened_and_each_event_is_applied_once()
    {
        var (stream, accounts) = (NewStream(), Repository());

        await accounts.HandleAsync(stream, account => account.Open("Ada"), cancellationToken: Cancellation);
        var handled = await accounts.HandleAsync(
            stream,
            account =>
            {
                account.Deposit(10);
                account.Withdraw(3);
            },
            cancellationToken: Cancellation);

        handled.State.Movements.Should().Equal(10, -3);
        (handled.Version.Value, handled.Events.Count).Should().Be((3, 2));
        var loaded = await Repository().LoadAsync(stream, Cancellation);
        (loaded.State.Owner, loaded.State.Balance).Should().Be(("Ada", 7));
        loaded.State.Movements.Should().Equal(10, -3);
        loaded.State.Changes.Recorded.Should().BeEmpty();
    }

    // B24 of the peers: what happens to an object that was handed out stays with that object.
    [Fact]
    [Trait("PeerBug", "B24")]
    public async Task What_is_done_to_a_loaded_object_is_not_seen_by_the_next_load()
    {
        var (stream, accounts) = (NewStream(), Repository());
        await accounts.HandleAsync(stream, account => account.Deposit(10), cancellationToken: Cancellation);
        var first = await accounts.LoadAsync(stream, Cancellation);
        first.State.Movements.Add(99);
        first.State.Withdraw(1);

        var second = await accounts.LoadAsync(stream, Cancellation);

        (second.State.Balance, second.StartedAt.Value).Should().Be((10, 1));
        second.State.Movements.Should().Equal(10);
    }

    [Fact]
    public async Task A_class_that_lost_a_race_acts_again_on_a_new_object()
    {
        var (stream, accounts) = (NewStream(), Repository());
        var (seen, others) = (new List<Account>(), 1);

        var handled = await accounts.HandleAsync(
            stream,
            account =>
            {
                seen.Add(account);
                InBetween(ref others, stream);
                account.Deposit(1);
            },
            cancellationToken: Cancellation);

        seen.Should().HaveCount(2).And.OnlyHaveUniqueItems();
        handled.State.Movements.Should().Equal(10, 1);
        (await LoadAsync(stream)).Should().HaveCount(2);
    }

    [Fact]
    public async Task What_led_to_a_command_is_carried_on_in_the_metadata_of_its_events()
    {
        var (stream, accounts) = (NewStream(), Handler());
        var metadata = new EventMetadata { Actor = "ada", CorrelationId = "checkout-1", Tenant = "north" };
        await accounts.HandleAsync(stream, new AccountCommand(Open: "Ada"), metadata, Cancellation);
        var cause = (await LoadAsync(stream)).Single();

        var caused = EventMetadata.CausedBy(cause) with { Actor = "robot" };
        await accounts.HandleAsync(stream, new AccountCommand(Move: 1), caused, Cancellation);

        EventMetadata.Read((await LoadAsync(stream))[1].MetadataUtf8.Span).Should().Be(new EventMetadata
        {
            Actor = "robot",
            CorrelationId = "checkout-1",
            CausationId = cause.Id.ToString(),
            Tenant = "north",
        });
    }

    [Fact]
    public async Task An_event_that_is_not_understood_ends_the_load_and_is_named()
    {
        var stream = NewStream();
        await Store.AppendAsync(stream, [Deposit(stream, 1), AnEvent(stream)], cancellationToken: Cancellation);

        var refusal = await Assert.ThrowsAsync<EventNotUnderstoodException>(
            () => Handler().States.LoadAsync(stream, Cancellation));

        (refusal.Envelope.StreamId, refusal.Envelope.Version).Should().Be((stream, 2));
        refusal.Message.Should().Contain($"position {refusal.Envelope.Position}");
        var tolerant = new AggregateOptions<AccountState> { UnknownEvents = UnknownEvents.HandOver };
        var loaded = await Handler(tolerant).States.LoadAsync(stream, Cancellation);
        (loaded.State.Balance, loaded.Version.Value).Should().Be((1, 2));
    }

    protected static AggregateOptions<AccountState> Cached() => new() { StatesNeverChange = true };

    protected static EventEnvelope Deposit(StreamId stream, long amount) =>
        new EventSerializer(AccountJson.Types).ToEnvelope(stream, new AmountDeposited(amount));

    private static EventEnvelope[] Deposits(StreamId stream, int count) =>
        [.. Enumerable.Range(1, count).Select(amount => Deposit(stream, amount))];

    // Another writer, who is done before this one goes on.
    private void InBetween(ref int times, StreamId stream)
    {
        if (times > 0)
        {
            times--;
            Task.Run(() => Store.AppendAsync(stream, [Deposit(stream, 10)], cancellationToken: Cancellation))
                .GetAwaiter().GetResult();
        }
    }

    private CommandHandler<AccountState, AccountCommand, IAccountEvent> Handler(
        AggregateOptions<AccountState>? options = null) =>
        new(_decider, new AggregateStore<AccountState, IAccountEvent>(
            _decider, Store, new EventSerializer(AccountJson.Types), options));

    private AggregateRepository<Account, IAccountEvent> Repository() =>
        new(new AggregateStore<Account, IAccountEvent>(
            StateFold.OfClass<Account, IAccountEvent>(() => new Account()),
            Store,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<Account> { Format = StateFormat.Json(AccountJson.Default.Account) }));
}
