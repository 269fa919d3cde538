using Amazon.S3;
using K1s0.EventStore.Archive;
using K1s0.EventStore.S3;

namespace K1s0.EventStore.Samples.Archive;

/// <summary>Where the archive lies: a folder that is removed in the end, or a bucket that stays.</summary>
internal sealed class Bucket : IDisposable
{
    private readonly DirectoryInfo? _folder;
    private readonly AmazonS3Client? _client;

    public Bucket(Arguments arguments)
    {
        if (arguments is { Endpoint: { } endpoint, Bucket: { } bucket })
        {
            _client = new AmazonS3Client(new AmazonS3Config
            {
                ServiceURL = endpoint.AbsoluteUri,
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
            });

            // A prefix of its own for every run; moves through this process, which every server keeps safe.
            var prefix = $"archive-sample/{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}/";
            Objects = new S3ObjectStore(
                _client, new S3Options { Bucket = bucket, Prefix = prefix, ConditionalCopies = false });
            Name = $"bucket {bucket} at {endpoint}, under {prefix}";
            return;
        }

        _folder = Directory.CreateTempSubdirectory("archive-");
        Objects = new FileObjectStore(_folder.FullName);
        Name = $"folder {_folder.FullName}";
    }

    public IObjectStore Objects { get; }

    public string Name { get; }

    /// <summary>Changes one byte of an object where it lies; only in a folder.</summary>
    public async Task<bool> TryDamageAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_folder is null)
        {
            return false;
        }

        var path = Path.Combine(_folder.FullName, key.Value);
        var content = await File.ReadAllBytesAsync(path, cancellationToken);
        content[content.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, content, cancellationToken);
        return true;
    }

    public void Dispose()
    {
        _client?.Dispose();
        _folder?.Delete(recursive: true);
    }
}
