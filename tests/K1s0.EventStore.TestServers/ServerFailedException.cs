namespace K1s0.EventStore.TestServers;

/// <summary>
/// A server did not start, did not stop, or a program failed. The message carries the end of its log.
/// </summary>
public sealed class ServerFailedException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ServerFailedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
