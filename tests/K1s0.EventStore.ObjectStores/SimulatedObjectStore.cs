using System.Runtime.CompilerServices;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.ObjectStores;

/// <summary>
/// Objects in memory that fail exactly when they are told to: the same plan and the same calls give the same faults.
/// Keeps the contract of <see cref="IObjectStore"/> otherwise, with cold classes that have to be restored and take their
/// time. Thread-safe, but only one thread makes a run that can be repeated.
/// </summary>
/// <param name="timeProvider">The clock of restores.</param>
/// <param name="faults">What goes wrong with a call; nothing when null.</param>
public sealed class SimulatedObjectStore(TimeProvider timeProvider, Func<ObjectCall, ObjectFault>? faults = null)
    : IReplaceableObjectStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Held> _objects = new(StringComparer.Ordinal);
    private readonly List<ObjectCall> _calls = [];

    // A put that met another one, until the next call.
    private Action? _late;

    /// <summary>All calls so far, in order.</summary>
    public IReadOnlyList<ObjectCall> Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Changes the stored content of an object; what is stored besides stays.</summary>
    public void Damage(ObjectKey key, Func<byte[], byte[]> change)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(change);
        lock (_gate)
        {
            var held = _objects[key.Value];
            _objects[key.Value] = held with { Content = change(held.Content) };
        }
    }

    /// <inheritdoc/>
    public Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default) => Call(key.Value, isWrite: true, () =>
    {
        var digest = Sha256Digest.Of(content.Span);
        if (_objects.TryGetValue(key.Value, out var there))
        {
            return there.Digest == digest ? PutOutcome.AlreadyStored : PutOutcome.Taken;
        }

        _objects[key.Value] = new Held(
            content.ToArray(), digest, attributes ?? ObjectAttributes.None, timeProvider.GetUtcNow());
        return PutOutcome.Stored;
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ReplaceAsync(
        ObjectKey key,
        Sha256Digest expected,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default) => Call(key.Value, isWrite: true, () =>
    {
        var digest = Sha256Digest.Of(content.Span);
        if (!_objects.TryGetValue(key.Value, out var there) || (there.Digest != expected && there.Digest != digest))
        {
            return false;
        }

        _objects[key.Value] = new Held(
            content.ToArray(), digest, attributes ?? ObjectAttributes.None, timeProvider.GetUtcNow());
        return true;
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredObject?> GetAsync(
        ObjectKey key, long maxLength, CancellationToken cancellationToken = default) =>
        Call(key.Value, isWrite: false, fault =>
        {
            if (Readable(key) is not { } held)
            {
                return null;
            }

            ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
            StoredObject.ThrowIfLonger(key, held.Content.Length, maxLength);
            var content = fault is ObjectFault.WrongBytes ? Wrong(held.Content) : held.Content;
            Count(content.Length);
            return new StoredObject(Info(key, held), content.ToArray());
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<ObjectSlice?> GetRangeAsync(
        ObjectKey key, ObjectRange range, CancellationToken cancellationToken = default) =>
        Call(key.Value, isWrite: false, fault =>
        {
            if (Readable(key) is not { } held)
            {
                return null;
            }

            var (offset, length) = range.Within(held.Content.Length);
            var content = held.Content.AsSpan((int)offset, length).ToArray();
            Count(content.Length);
            return new ObjectSlice(
                offset, fault is ObjectFault.WrongBytes ? Wrong(content) : content, held.Content.Length);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken cancellationToken = default) =>
        Call(key.Value, isWrite: false, () =>
            _objects.TryGetValue(key.Value, out var held) ? Info(key, held) : null, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectEntry> ListAsync(
        string prefix = "",
        ObjectKey? after = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var entries = await Call(prefix, isWrite: false, () => _objects
            .Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Where(entry => after is null || string.CompareOrdinal(entry.Key, after.Value) > 0)
            .Select(entry => new ObjectEntry(new ObjectKey(entry.Key), entry.Value.Content.Length))
            .ToList(), cancellationToken);
        foreach (var entry in entries)
        {
            yield return entry;
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken = default) =>
        Call(key.Value, isWrite: true, () => _objects.Remove(key.Value), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetStorageClassAsync(
        ObjectKey key, StorageClass storageClass, CancellationToken cancellationToken = default) =>
        Call(key.Value, isWrite: true, () =>
        {
            if (!_objects.TryGetValue(key.Value, out var held))
            {
                return false;
            }

            if (held.Attributes.StorageClass != storageClass)
            {
                Readable(key);
                _objects[key.Value] = held with
                {
                    Attributes = new ObjectAttributes(held.Attributes.Metadata, storageClass),
                    ReadableFrom = null,
                    ReadableUntil = null,
                };
            }

            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<Restoration?> RestoreAsync(
        ObjectKey key, RestoreRequest request, CancellationToken cancellationToken = default) =>
        Call<Restoration?>(key.Value, isWrite: false, () =>
        {
            if (!_objects.TryGetValue(key.Value, out var held))
            {
                return null;
            }

            if (Standing(held).State is RestorationState.Required)
            {
                var ready = timeProvider.GetUtcNow()
                    + (RestoreRequest.Estimate(held.Attributes.StorageClass, request.Priority)
                        ?? throw new StoreOperationException(
                            $"{key} cannot be restored with that priority.", new InvalidOperationException()));
                held = held with { ReadableFrom = ready, ReadableUntil = ready.AddDays(request.Days) };
                _objects[key.Value] = held;
            }

            return Standing(held);
        }, cancellationToken);

    private static byte[] Wrong(byte[] content)
    {
        var wrong = content.ToArray();
        if (wrong.Length > 0)
        {
            wrong[wrong.Length / 2] ^= 1;
        }

        return wrong;
    }

    private static EventStoreException Lost(ObjectCall call, bool isWrite) => isWrite
        ? new WriteOutcomeUnknownException($"simulated at call {call.Number}, {call.Method} {call.Key}")
        : new StoreUnavailableException($"Simulated at call {call.Number}, {call.Method} {call.Key}.");

    private Task<TResult> Call<TResult>(
        string key, bool isWrite, Func<TResult> effect, CancellationToken cancellationToken,
        [CallerMemberName] string method = "") =>
        Call(key, isWrite, _ => effect(), cancellationToken, method);

    private Task<TResult> Call<TResult>(
        string key, bool isWrite, Func<ObjectFault, TResult> effect, CancellationToken cancellationToken,
        [CallerMemberName] string method = "")
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TResult>(cancellationToken);
        }

        try
        {
            lock (_gate)
            {
                var late = _late;
                _late = null;
                late?.Invoke();
                var call = new ObjectCall(_calls.Count + 1, method, key);
                _calls.Add(call);
                var fault = faults?.Invoke(call) ?? ObjectFault.None;
                switch (fault)
                {
                    case ObjectFault.LostRequest:
                        throw Lost(call, isWrite);
                    case ObjectFault.Refused:
                        throw new StoreOperationException(
                            $"Refused at call {call.Number}, {method} {key}.", new InvalidOperationException());
                    case ObjectFault.Conflict when method is nameof(PutIfAbsentAsync) or nameof(ReplaceAsync):
                        _late = () => effect(fault);
                        throw Lost(call, isWrite);
                    case ObjectFault.CrashBefore:
                        throw new SimulatedCrashException($"before call {call.Number}, {method} {key}");
                }

                var result = effect(fault);
                return fault switch
                {
                    ObjectFault.LostAnswer => throw Lost(call, isWrite),
                    ObjectFault.CrashAfter => throw new SimulatedCrashException($"after call {call.Number}, {method} {key}"),
                    _ => Task.FromResult(result),
                };
            }
        }
        catch (Exception e)
        {
            return Task.FromException<TResult>(e);
        }
    }

    private void Count(long bytes) => _calls[^1] = _calls[^1] with { BytesRead = bytes };

    private Held? Readable(ObjectKey key)
    {
        if (!_objects.TryGetValue(key.Value, out var held))
        {
            return null;
        }

        var standing = Standing(held);
        return standing.IsReadable
            ? held
            : throw new RestoreRequiredException(
                key.Value,
                standing.State is RestorationState.UnderWay,
                RestoreRequest.Estimate(held.Attributes.StorageClass, RestorePriority.Standard));
    }

    private Restoration Standing(Held held)
    {
        if (held.Attributes.StorageClass is not (StorageClass.FlexibleArchive or StorageClass.DeepArchive))
        {
            return default;
        }

        var now = timeProvider.GetUtcNow();
        return held switch
        {
            { ReadableUntil: { } until } when now >= until => new Restoration(RestorationState.Required),
            { ReadableFrom: { } from } when now >= from => new Restoration(RestorationState.Restored, held.ReadableUntil),
            { ReadableFrom: not null } => new Restoration(RestorationState.UnderWay),
            _ => new Restoration(RestorationState.Required),
        };
    }

    private ObjectInfo Info(ObjectKey key, Held held) =>
        new(key, held.Content.Length, held.Digest, held.Attributes, held.StoredAt, Standing(held));

    private sealed record Held(
        byte[] Content,
        Sha256Digest Digest,
        ObjectAttributes Attributes,
        DateTimeOffset StoredAt,
        DateTimeOffset? ReadableFrom = null,
        DateTimeOffset? ReadableUntil = null);
}
