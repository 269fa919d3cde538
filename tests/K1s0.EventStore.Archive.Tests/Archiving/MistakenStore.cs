using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>A bucket as an archiver with a mistake takes it.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives a class from it.")]
[SuppressMessage("Design", "MA0053", Justification = "DispatchProxy derives a class from it.")]
internal class MistakenStore : DispatchProxy
{
    private readonly Dictionary<string, byte[]> _written = new(StringComparer.Ordinal);
    private IObjectStore? _objects;
    private Mistake _mistake;

    public static IObjectStore Around(IObjectStore objects, Mistake mistake)
    {
        if (mistake is not (Mistake.NotReadBack or Mistake.LostAnswersIgnored))
        {
            return objects;
        }

        var proxy = Create<IObjectStore, MistakenStore>();
        ((MistakenStore)(object)proxy)._objects = objects;
        ((MistakenStore)(object)proxy)._mistake = mistake;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var result = targetMethod!.Invoke(_objects, args);
        return (targetMethod.Name, _mistake) switch
        {
            (nameof(IObjectStore.PutIfAbsentAsync), Mistake.LostAnswersIgnored) =>
                BelieveAsync((Task<PutOutcome>)result!),
            (nameof(IObjectStore.PutIfAbsentAsync), _) =>
                RememberAsync((ObjectKey)args![0]!, (ReadOnlyMemory<byte>)args[1]!, (Task<PutOutcome>)result!),
            (nameof(IObjectStore.GetAsync), Mistake.NotReadBack) =>
                FromMemoryAsync((ObjectKey)args![0]!, (Task<StoredObject?>)result!),
            _ => result,
        };
    }

    private static async Task<PutOutcome> BelieveAsync(Task<PutOutcome> put)
    {
        try
        {
            return await put;
        }
        catch (WriteOutcomeUnknownException)
        {
            return PutOutcome.Stored;
        }
    }

    private async Task<PutOutcome> RememberAsync(ObjectKey key, ReadOnlyMemory<byte> content, Task<PutOutcome> put)
    {
        var outcome = await put;
        _written[key.Value] = content.ToArray();
        return outcome;
    }

    private async Task<StoredObject?> FromMemoryAsync(ObjectKey key, Task<StoredObject?> get)
    {
        if (!_written.TryGetValue(key.Value, out var content))
        {
            return await get;
        }

        // Whatever the bucket says.
        await ((Task)get).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return get.IsCompletedSuccessfully || get.Exception?.InnerException is ObjectDamagedException
            ? new StoredObject(
                new ObjectInfo(
                    key,
                    content.Length,
                    Sha256Digest.Of(content),
                    ObjectAttributes.None,
                    DateTimeOffset.UnixEpoch,
                    default),
                content)
            : await get;
    }
}
