namespace K1s0.EventStore.Postgres;

/// <summary>
/// One attempt to append failed. Stays inside the package: <see cref="AppendRetry"/> decides what the caller sees.
/// </summary>
internal sealed class AttemptFailedException(EventStoreException reason, AttemptOutcome outcome, bool isWorthRepeating)
    : Exception(reason.Message, reason)
{
    public EventStoreException Reason => reason;

    public AttemptOutcome Outcome => outcome;

    public bool IsWorthRepeating => isWorthRepeating;
}
