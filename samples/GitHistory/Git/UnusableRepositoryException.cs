namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>There is nothing to import, or no way to read it. The message says what to do.</summary>
internal sealed class UnusableRepositoryException(string message, Exception? innerException = null)
    : Exception(message, innerException);
