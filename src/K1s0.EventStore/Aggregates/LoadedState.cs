using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The state of a stream, and what it took to load it.</summary>
/// <typeparam name="TState">The state.</typeparam>
public sealed class LoadedState<TState>
{
    /// <summary>The stream.</summary>
    public required StreamId StreamId { get; init; }

    /// <summary>The version of the last event in the state, which an append expects; 0 for no stream.</summary>
    public required StreamVersion Version { get; init; }

    /// <summary>The state at that version; the initial state when there is no stream.</summary>
    public required TState State { get; init; }

    /// <summary>The chain hash at that version.</summary>
    public required Sha256Digest ChainHash { get; init; }

    /// <summary>The version that loading started from, out of a snapshot or the cache; 0 for the first event.</summary>
    public StreamVersion StartedAt { get; init; }

    /// <summary>The events that were read and applied on top of that.</summary>
    public long AppliedEvents { get; init; }

    /// <summary>How long loading took.</summary>
    public TimeSpan Duration { get; init; }
}
