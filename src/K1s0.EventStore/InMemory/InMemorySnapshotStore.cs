namespace K1s0.EventStore;

/// <summary>Snapshots in memory, kept as serialised bytes like in every other store. Thread-safe.</summary>
public sealed class InMemorySnapshotStore : ISnapshotStore
{
    private readonly SnapshotSerializer _serializer;
    private readonly TimeProvider _timeProvider;

    // Guarded by _lock.
    private readonly Lock _lock = new();
    private readonly Dictionary<(StreamId, string), (long Version, byte[] State, DateTimeOffset At)> _latest = [];

    /// <summary>An empty store.</summary>
    /// <param name="options">How states are serialised; the defaults when null.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    public InMemorySnapshotStore(EventStoreOptions? options = null, TimeProvider? timeProvider = null)
    {
        _serializer = new SnapshotSerializer(options?.SerializerOptions);
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public Task SaveAsync<TState>(
        StreamId streamId, long version, TState state, CancellationToken cancellationToken = default) =>
        SaveAsync(streamId, string.Empty, version, state, cancellationToken);

    /// <inheritdoc/>
    public Task SaveAsync<TState>(
        StreamId streamId, string stateName, long version, TState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        SnapshotName.Check(stateName, nameof(stateName));
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        ArgumentNullException.ThrowIfNull(state);
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        var bytes = _serializer.Serialize(state);
        lock (_lock)
        {
            var key = (streamId, stateName);
            if (!_latest.TryGetValue(key, out var latest) || latest.Version <= version)
            {
                _latest[key] = (version, bytes, Microseconds.Truncate(_timeProvider.GetUtcNow()));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<Snapshot<TState>?> LoadLatestAsync<TState>(
        StreamId streamId, CancellationToken cancellationToken = default) =>
        LoadLatestAsync<TState>(streamId, string.Empty, cancellationToken);

    /// <inheritdoc/>
    public Task<Snapshot<TState>?> LoadLatestAsync<TState>(
        StreamId streamId, string stateName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        SnapshotName.Check(stateName, nameof(stateName));
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Snapshot<TState>?>(cancellationToken);
        }

        (long Version, byte[] State, DateTimeOffset At) latest;
        lock (_lock)
        {
            if (!_latest.TryGetValue((streamId, stateName), out latest))
            {
                return Task.FromResult<Snapshot<TState>?>(null);
            }
        }

        return Read();

        // What is wrong with the state ends the task, as with a store that has to wait for it.
        Task<Snapshot<TState>?> Read()
        {
            try
            {
                return Task.FromResult<Snapshot<TState>?>(
                    _serializer.ToSnapshot<TState>(streamId, stateName, latest.Version, latest.State, latest.At));
            }
            catch (Exception e)
            {
                return Task.FromException<Snapshot<TState>?>(e);
            }
        }
    }
}
