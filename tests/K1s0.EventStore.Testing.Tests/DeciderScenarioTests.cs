using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Testing.Tests;

public sealed class DeciderScenarioTests
{
    private static readonly EventSerializer Serializer = new(AccountJson.Types);

    [Fact]
    public void Given_events_when_a_command_comes_then_there_are_events_and_a_state()
    {
        var decider = new AccountDecider();

        // snippet: scenario-decider
        Scenario.For(decider)
            .Given(new AccountOpened("Ada"), new AmountDeposited(100))
            .When(new AccountCommand(Move: -30))
            .Then(new AmountWithdrawn(30))
            .ThenState(new AccountState("Ada", Balance: 70, Movements: 2));

        Scenario.For(decider)
            .Given(new AccountOpened("Ada"))
            .When(new AccountCommand(Move: -30))
            .ThenThrows<OverdrawnException>();

        // end-snippet
        decider.Decided.Should().Be(2);
    }

    [Fact]
    public void A_command_with_nothing_to_do_leads_to_nothing() =>
        Scenario.For(new AccountDecider())
            .Given(new AccountOpened("Ada"))
            .When(new AccountCommand(Open: "Ada"))
            .ThenNothing()
            .ThenState(state => state.Owner.Should().Be("Ada"));

    [Fact]
    public void Through_a_serialiser_events_are_compared_as_they_are_stored()
    {
        var outcome = Scenario.For(new AccountDecider())
            .Through(Serializer)
            .Given(new AccountOpened("Ada"))
            .Given(new AmountDeposited(100))
            .When(new AccountCommand(Move: -30))
            .Then(new AmountWithdrawn(30))
            .ThenState(new AccountState("Ada", 70, 2));

        Assert.Throws<ScenarioFailedException>(() => outcome.Then(new AmountWithdrawn(31))).Message
            .Should().Contain("""> 1. amount-withdrawn {"amount":31}""")
            .And.Contain("""> 1. amount-withdrawn {"amount":30}""");
        Assert.Throws<ArgumentException>(() => Scenario.For(new AccountDecider())
            .Through(new EventSerializer(new EventTypes()))
            .Given(new AccountOpened("Ada"))
            .When(new AccountCommand(Move: 1))
            .ThenThrows<ArgumentException>()).Message.Should().Contain("no event type that was added");
    }

    [Fact]
    public void Other_events_than_expected_are_shown_side_by_side_from_the_first_that_differs()
    {
        var outcome = Scenario.For(new AccountDecider())
            .Given(new AccountOpened("Ada"))
            .When(new AccountCommand(Move: 5));

        Failure(() => outcome.Then(new AmountDeposited(5), new AmountDeposited(6))).Should().Be(
            """
            The events are not as expected, from number 2 on.
            Expected:
                1. AmountDeposited { Amount = 5 }
              > 2. AmountDeposited { Amount = 6 }
            Actual:
                1. AmountDeposited { Amount = 5 }

            """);
        Failure(() => outcome.ThenNothing()).Should().Contain("Expected: none").And.Contain("> 1. AmountDeposited");
        Failure(() => outcome.Then([.. Enumerable.Range(0, 60).Select(_ => new AmountDeposited(1))]))
            .Should().Contain("and 10 more");
    }

    [Fact]
    public void A_refusal_that_nobody_expects_fails_and_so_does_one_that_does_not_come()
    {
        var refused = Scenario.For(new AccountDecider()).When(new AccountCommand(Move: -1));
        var accepted = Scenario.For(new AccountDecider()).When(new AccountCommand(Move: 1));

        Failure(() => refused.ThenNothing()).Should().Contain("was refused with").And.Contain("not enough money");
        Failure(() => refused.Then(new AmountWithdrawn(1))).Should().Contain("was refused with");
        Failure(() => refused.ThenState(AccountState.None)).Should().Contain("was refused with");
        Failure(() => refused.ThenState(_ => { })).Should().Contain("was refused with");
        Failure(() => refused.ThenThrows<ArgumentException>()).Should().Contain("but was with");
        Failure(() => accepted.ThenThrows<OverdrawnException>()).Should().Contain("AmountDeposited { Amount = 1 }");
        Assert.Throws<InvalidTimeZoneException>(
            () => refused.ThenThrows<OverdrawnException>(_ => throw new InvalidTimeZoneException()));
        refused.ThenThrows<OverdrawnException>(e => e.Message.Should().Contain("money"));
    }

    [Fact]
    public void Another_state_than_expected_is_shown() =>
        Failure(() => Scenario.For(new AccountDecider())
            .When(new AccountCommand(Move: 5))
            .ThenState(AccountState.None)).Should().Contain("Balance = 0").And.Contain("Balance = 5");

    internal static string Failure(Action scenario) =>
        Assert.Throws<ScenarioFailedException>(scenario).Message.ReplaceLineEndings("\n");
}
