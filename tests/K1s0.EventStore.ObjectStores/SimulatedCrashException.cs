namespace K1s0.EventStore.ObjectStores;

/// <summary>The process ended here: a test lets nothing run on behind it, and starts again with what is stored.</summary>
public sealed class SimulatedCrashException : Exception
{
    /// <summary>A crash.</summary>
    public SimulatedCrashException(string message)
        : base(message)
    {
    }
}
