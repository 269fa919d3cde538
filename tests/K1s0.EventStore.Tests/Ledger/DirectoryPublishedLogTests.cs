using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests.Ledger;

public sealed class DirectoryPublishedLogTests : PublishedLogSuite
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-log-");

    [Fact]
    public async Task The_name_of_a_folder_that_somebody_else_made_is_flushed_before_a_file_in_it_counts()
    {
        var root = _folder.FullName;
        Directory.CreateDirectory(Path.Combine(root, "tile", "0"));
        var flushed = new List<string>();
        var log = new DirectoryPublishedLog(root, flushed.Add);

        await log.PutAsync("tile/0/000", new byte[1], Cancellation);

        flushed.Should().Contain([root, Path.Combine(root, "tile"), Path.Combine(root, "tile", "0")]);
    }

    protected override Task<IPublishedLog> CreateAsync() =>
        Task.FromResult<IPublishedLog>(new DirectoryPublishedLog(_folder.FullName));

    protected override Task<IReadOnlyDictionary<string, byte[]>> FilesAsync() =>
        Task.FromResult<IReadOnlyDictionary<string, byte[]>>(_folder.EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(file => !file.Name.EndsWith(".lock", StringComparison.Ordinal))
            .ToDictionary(
                file => Path.GetRelativePath(_folder.FullName, file.FullName).Replace('\\', '/'),
                file => File.ReadAllBytes(file.FullName),
                StringComparer.Ordinal));

    protected override ValueTask RemoveAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
