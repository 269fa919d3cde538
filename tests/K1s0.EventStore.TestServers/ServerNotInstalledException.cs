namespace K1s0.EventStore.TestServers;

/// <summary>A program that a test needs is not on this machine. The message says what to install.</summary>
public sealed class ServerNotInstalledException : Exception
{
    /// <summary>Creates the exception with a message that names the package to install.</summary>
    public ServerNotInstalledException(string message)
        : base(message)
    {
    }
}
