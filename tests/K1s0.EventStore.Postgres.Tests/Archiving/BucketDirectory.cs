using K1s0.EventStore.Archive;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>A bucket in a folder, for one test.</summary>
internal sealed class BucketDirectory : IDisposable
{
    public BucketDirectory()
    {
        Path = Directory.CreateTempSubdirectory("k1s0-bucket-").FullName;
        Objects = new FileObjectStore(Path);
    }

    public string Path { get; }

    public FileObjectStore Objects { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
