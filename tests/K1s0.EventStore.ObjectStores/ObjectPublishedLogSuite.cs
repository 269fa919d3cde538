using K1s0.EventStore.Archive;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.ObjectStores;

/// <summary>A log that is published into an object store.</summary>
public abstract class ObjectPublishedLogSuite : PublishedLogSuite
{
    private const string Prefix = "ledger/orders/";

    private IReplaceableObjectStore? _objects;

    protected override async Task<IPublishedLog> CreateAsync() =>
        new ObjectPublishedLog(_objects = await CreateObjectsAsync(), Prefix);

    protected override async Task<IReadOnlyDictionary<string, byte[]>> FilesAsync()
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        await foreach (var entry in _objects!.ListAsync(cancellationToken: Cancellation))
        {
            var found = await _objects.GetAsync(entry.Key, Cancellation);
            files.Add(entry.Key.Value[Prefix.Length..], found!.Content.ToArray());
        }

        return files;
    }

    /// <summary>A store without objects.</summary>
    protected abstract Task<IReplaceableObjectStore> CreateObjectsAsync();
}
