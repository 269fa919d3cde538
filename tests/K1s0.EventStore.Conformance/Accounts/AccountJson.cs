using System.Text.Json.Serialization;

namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>Generated code for events and states of accounts.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AccountOpened))]
[JsonSerializable(typeof(AmountDeposited))]
[JsonSerializable(typeof(AmountWithdrawn))]
[JsonSerializable(typeof(AccountState))]
[JsonSerializable(typeof(Account))]
public sealed partial class AccountJson : JsonSerializerContext
{
    /// <summary>The kinds of events of accounts.</summary>
    public static EventTypes Types => new EventTypes()
        .Add("account-opened", Default.AccountOpened)
        .Add("amount-deposited", Default.AmountDeposited)
        .Add("amount-withdrawn", Default.AmountWithdrawn);
}
