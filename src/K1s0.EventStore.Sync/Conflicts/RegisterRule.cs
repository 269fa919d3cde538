namespace K1s0.EventStore.Sync;

/// <summary>Which of several concurrent values a register shows.</summary>
internal enum RegisterRule
{
    Last,
    Accepted,
    All,
}
