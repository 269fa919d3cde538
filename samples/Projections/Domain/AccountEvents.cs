using System.Text.Json;

namespace K1s0.EventStore.Samples.Projections.Domain;

/// <summary>The names of the events, and what they say.</summary>
internal static class AccountEvents
{
    public const string StreamType = "account";
    private const string DepositedType = "money-deposited";
    private const string WithdrawnType = "money-withdrawn";

    public static EventEnvelope Deposit(StreamId account, long cents) =>
        EventEnvelope.Create(account, DepositedType, new Deposited(cents), AccountJson.Default.Deposited);

    public static EventEnvelope Withdraw(StreamId account, long cents) =>
        EventEnvelope.Create(account, WithdrawnType, new Withdrawn(cents), AccountJson.Default.Withdrawn);

    /// <summary>By how much an event changes the balance.</summary>
    /// <exception cref="EventNotUnderstoodException">It is none of these events.</exception>
    public static long ChangeOf(EventEnvelope envelope) => envelope.EventType switch
    {
        DepositedType => JsonSerializer.Deserialize(envelope.PayloadUtf8.Span, AccountJson.Default.Deposited)!.Cents,
        WithdrawnType => -JsonSerializer.Deserialize(envelope.PayloadUtf8.Span, AccountJson.Default.Withdrawn)!.Cents,
        _ => throw new EventNotUnderstoodException(envelope),
    };
}
