namespace K1s0.EventStore.Archive.Tests;

/// <summary>One object that seems to be as long as it claims, and whose end is known: what a hostile bucket can show.</summary>
internal sealed class ClaimingObjectStore(byte[] end, long length) : IObjectStore
{
    /// <summary>How many bytes were asked for, call by call.</summary>
    public List<int> Asked { get; } = [];

    public Task<ObjectSlice?> GetRangeAsync(
        ObjectKey key, ObjectRange range, CancellationToken cancellationToken = default)
    {
        Asked.Add(range.Length);
        var (offset, count) = range.FromEnd ? (length - Math.Min(range.Length, end.Length), end.Length) : (range.Offset, 1);
        return Task.FromResult<ObjectSlice?>(new ObjectSlice(offset, end.AsMemory(end.Length - count), length));
    }

    public Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<StoredObject?> GetAsync(
        ObjectKey key, long maxLength, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<ObjectEntry> ListAsync(
        string prefix = "", ObjectKey? after = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<bool> SetStorageClassAsync(
        ObjectKey key, StorageClass storageClass, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<Restoration?> RestoreAsync(
        ObjectKey key, RestoreRequest request, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
