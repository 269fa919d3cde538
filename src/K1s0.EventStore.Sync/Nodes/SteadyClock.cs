namespace K1s0.EventStore.Sync;

/// <summary>
/// A clock that begins with the wall clock and only goes on, also where somebody sets that one: for how long something
/// took, not for when it was. Thread-safe.
/// </summary>
internal sealed class SteadyClock(TimeProvider time)
{
    private readonly DateTimeOffset _began = time.GetUtcNow();
    private readonly long _timestamp = time.GetTimestamp();

    public TimeProvider Time => time;

    public DateTimeOffset Now => _began + time.GetElapsedTime(_timestamp);
}
