using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Testing.Tests;

public sealed class AggregateScenarioTests
{
    [Fact]
    public void Given_events_when_a_method_is_called_then_there_are_events_and_a_state()
    {
        // snippet: scenario-class
        Scenario.ForClass<Account, IAccountEvent>(() => new Account())
            .Through(new EventSerializer(AccountJson.Types))
            .Given(new AccountOpened("Ada"), new AmountDeposited(100))
            .When(account => account.Withdraw(30))
            .Then(new AmountWithdrawn(30))
            .ThenState(account => account.Balance.Should().Be(70));

        // end-snippet
    }

    [Fact]
    public void A_method_that_refuses_is_seen_as_a_refusal_even_when_it_had_recorded_something()
    {
        var outcome = Scenario.ForClass<Account, IAccountEvent>(() => new Account())
            .Given(new AmountDeposited(10))
            .When(account =>
            {
                account.Deposit(1);
                account.Withdraw(100);
            });

        outcome.ThenThrows<OverdrawnException>();
        DeciderScenarioTests.Failure(() => outcome.Then(new AmountDeposited(1))).Should().Contain("was refused with");
    }

    [Fact]
    public void What_was_given_is_not_among_what_happened() =>
        Scenario.ForClass<Account, IAccountEvent>(() => new Account())
            .Given(new AccountOpened("Ada"))
            .When(_ => { })
            .ThenNothing();
}
