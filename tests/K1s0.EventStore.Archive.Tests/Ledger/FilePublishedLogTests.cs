using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class FilePublishedLogTests : ObjectPublishedLogSuite
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-log-");

    protected override Task<IReplaceableObjectStore> CreateObjectsAsync() =>
        Task.FromResult<IReplaceableObjectStore>(new FileObjectStore(_folder.FullName));

    protected override ValueTask RemoveAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
