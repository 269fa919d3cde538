namespace K1s0.EventStore.Samples.GitHistory;

/// <summary>The store that was asked for cannot be used. The message says why.</summary>
internal sealed class UnusableStoreException(Exception cause)
    : Exception($"The store cannot be used: {cause.Message}", cause);
