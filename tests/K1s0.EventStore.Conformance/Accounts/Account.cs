using System.Text.Json.Serialization;

namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>An account as a class, with a state that changes in place.</summary>
public sealed class Account : IAggregate<IAccountEvent>
{
    public Account() => Changes = new Changes<IAccountEvent>(Apply);

    [JsonIgnore]
    public Changes<IAccountEvent> Changes { get; }

    public string? Owner { get; set; }

    public long Balance { get; set; }

    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public IList<long> Movements { get; } = [];

    public void Open(string owner) => Changes.Record(new AccountOpened(owner));

    public void Deposit(long amount) => Changes.Record(new AmountDeposited(amount));

    public void Withdraw(long amount)
    {
        if (Balance < amount)
        {
            throw new OverdrawnException();
        }

        Changes.Record(new AmountWithdrawn(amount));
    }

    public void Apply(IAccountEvent happened)
    {
        switch (happened)
        {
            case AccountOpened opened:
                Owner = opened.Owner;
                break;
            case AmountDeposited deposited:
                Move(deposited.Amount);
                break;
            case AmountWithdrawn withdrawn:
                Move(-withdrawn.Amount);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(happened), happened, "No such event.");
        }
    }

    private void Move(long amount)
    {
        Balance += amount;
        Movements.Add(amount);
    }
}
