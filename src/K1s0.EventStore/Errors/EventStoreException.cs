namespace K1s0.EventStore;

/// <summary>The root of everything that a store throws, wrong calls (<see cref="ArgumentException"/>) aside.</summary>
public abstract class EventStoreException : Exception
{
    private protected EventStoreException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether the same call may succeed later without anything being changed.</summary>
    public virtual bool IsTransient => false;
}
