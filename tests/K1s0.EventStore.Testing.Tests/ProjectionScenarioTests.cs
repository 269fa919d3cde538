using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Testing.Tests;

public sealed class ProjectionScenarioTests
{
    private static readonly EventSerializer Serializer = new(AccountJson.Types);
    private static readonly StreamId Ada = new("account", "ada");
    private static readonly StreamId Ben = new("account", "ben");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Given_events_then_a_projection_has_these_rows()
    {
        var (ada, ben) = (Ada, Ben);
        var balances = new Balances();

        // snippet: scenario-projection
        var scenario = Scenario.ForHandler(balances.Handler, Serializer)
            .Given(ada, new AccountOpened("Ada"), new AmountDeposited(100))
            .Given(ben, new AccountOpened("Ben"))
            .Given(ada, new AmountWithdrawn(30));

        await scenario.ThenAsync(balances.ReadAsync, [new Row("ada", 70), new Row("ben", 0)], Cancellation);

        // end-snippet
        await scenario.Given(ben, new AmountDeposited(5))
            .ThenAsync(balances.ReadAsync, [new Row("ada", 70), new Row("ben", 5)], Cancellation);
        balances.Positions.Should().Equal([1, 2, 3, 4, 5], "each event is handed over once, in the order of the feed");
    }

    [Fact]
    public async Task Rows_that_are_not_as_expected_are_shown()
    {
        var balances = new Balances();
        var scenario = Scenario.ForHandler(balances.Handler, Serializer).Given(Ada, new AmountDeposited(1));

        var failure = await Assert.ThrowsAsync<ScenarioFailedException>(
            () => scenario.ThenAsync(balances.ReadAsync, [new Row("ada", 2)], Cancellation));

        failure.Message.Should().Contain("The rows are not as expected").And.Contain("> 1. Row { Name = ada, Balance = 1 }");
    }

    [Fact]
    public async Task A_projection_of_several_events_at_once_gets_them_in_batches_with_versions_and_chains()
    {
        var batches = new List<IReadOnlyList<EventEnvelope>>();
        var stored = Serializer.ToEnvelope(Ben, new AccountOpened("Ben"));

        await Scenario.ForProjection(
            (events, _) =>
            {
                batches.Add(events);
                return Task.CompletedTask;
            },
            Serializer)
            .InBatchesOf(2)
            .Given(Ada, new AccountOpened("Ada"), new AmountDeposited(1))
            .Given(stored)
            .ThenAsync(
                () =>
                {
                    batches.Select(batch => batch.Count).Should().Equal(2, 1);
                    return Task.CompletedTask;
                },
                Cancellation);

        batches.SelectMany(batch => batch).Select(envelope => (envelope.StreamId, envelope.Version))
            .Should().Equal((Ada, 1), (Ada, 2), (Ben, 1));
        batches[1][0].Id.Should().Be(stored.Id);
        batches.SelectMany(batch => batch).Should().OnlyContain(envelope => !envelope.ChainHash.IsNone);
    }

    [Fact]
    public async Task What_the_projection_throws_reaches_the_test()
    {
        var scenario = Scenario.ForProjection((_, _) => throw new InvalidTimeZoneException(), Serializer)
            .Given(Ada, new AmountDeposited(1));

        await Assert.ThrowsAsync<InvalidTimeZoneException>(
            () => scenario.ThenAsync(() => Task.CompletedTask, Cancellation));
    }

    [Fact]
    public void A_projection_that_is_folded_when_it_is_read_has_a_state()
    {
        var fold = StateFold.Of<long, IAccountEvent>(
            () => 0, (sum, happened) => happened is AmountDeposited deposited ? sum + deposited.Amount : sum);
        var scenario = Scenario.ForFold(fold)
            .Through(Serializer)
            .Given(new AccountOpened("Ada"), new AmountDeposited(2))
            .Given(new AmountDeposited(3));

        scenario.Then(5).Then(sum => sum.Should().BeGreaterThan(4));
        DeciderScenarioTests.Failure(() => scenario.Then(6)).Should().Contain("Expected: 6").And.Contain("Actual: 5");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10_001)]
    public void A_batch_has_1_to_10000_events(int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Scenario.ForHandler(new Balances().Handler, Serializer).InBatchesOf(count));

    private sealed record Row(string Name, long Balance);

    // A projection into memory.
    private sealed class Balances
    {
        private readonly SortedDictionary<string, long> _rows = new(StringComparer.Ordinal);

        public Balances() => Handler = new EventHandlers(Serializer)
            .On<AccountOpened>((_, envelope, _) => Move(envelope, 0))
            .On<AmountDeposited>((deposited, envelope, _) => Move(envelope, deposited.Amount))
            .On<AmountWithdrawn>((withdrawn, envelope, _) => Move(envelope, -withdrawn.Amount));

        public EventHandlers Handler { get; }

        public List<long> Positions { get; } = [];

        public Task<IReadOnlyList<Row>> ReadAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<Row>>([.. _rows.Select(row => new Row(row.Key, row.Value))]);

        private ValueTask Move(EventEnvelope envelope, long amount)
        {
            Positions.Add(envelope.Position.Value);
            _rows[envelope.StreamId.AggregateId] = _rows.GetValueOrDefault(envelope.StreamId.AggregateId) + amount;
            return ValueTask.CompletedTask;
        }
    }
}
