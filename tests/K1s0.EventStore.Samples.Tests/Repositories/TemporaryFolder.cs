namespace K1s0.EventStore.Samples.Tests.Repositories;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("k1s0-samples-").FullName;

    public void Dispose()
    {
        // git makes its objects read-only, which keeps Windows from deleting them.
        foreach (var file in new DirectoryInfo(Path).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            file.Attributes = FileAttributes.Normal;
        }

        Directory.Delete(Path, recursive: true);
    }
}
