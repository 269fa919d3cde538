using System.Diagnostics;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>An archive in a folder that is removed afterwards: batches of a feed, made for compaction.</summary>
internal sealed class ArchiveFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-archive-");

    public ArchiveFolder() => Objects = new FileObjectStore(Path.Combine(_folder.FullName, "objects"));

    public FileObjectStore Objects { get; }

    public List<ObjectKey> Keys { get; } = [];

    /// <summary>Lines of all batches.</summary>
    public long ContentBytes { get; private set; }

    public long StoredBytes { get; private set; }

    /// <summary>A file that holds the lines of the batches and nothing else.</summary>
    public string LinesFile => Path.Combine(_folder.FullName, "lines.jsonl");

    /// <summary>Writes all events into batches and stores them; the attempt makes their keys new.</summary>
    public async Task WriteAsync(StoreIdentity store, IReadOnlyList<EventEnvelope> events, string attempt)
    {
        Keys.Clear();
        (ContentBytes, StoredBytes) = (0, 0);
        var writer = new EventBatchWriter(store, EventBatchLimits.Compaction);
        foreach (var envelope in events)
        {
            if (!writer.TryAdd(envelope))
            {
                await PutAsync(writer.Finish(), attempt);
                writer.TryAdd(envelope);
            }
        }

        await PutAsync(writer.Finish(), attempt);
    }

    /// <summary>Removes the batches.</summary>
    public async Task ClearAsync()
    {
        foreach (var key in Keys)
        {
            await Objects.DeleteAsync(key);
        }

        Keys.Clear();
    }

    /// <summary>Has the zstd program write the lines of the batches into a file.</summary>
    public async Task WriteLinesAsync()
    {
        File.Delete(LinesFile);
        await using var lines = File.Create(LinesFile);
        foreach (var key in Keys)
        {
            using var process = Start("-dcq", Path.Combine(_folder.FullName, "objects", key.Value));
            await process.StandardOutput.BaseStream.CopyToAsync(lines);
            await EndAsync(process);
        }
    }

    /// <summary>Has the zstd program compress the lines, with its output thrown away.</summary>
    public async Task CompressLinesAsync(int level)
    {
        using var process = Start("-cq", "--single-thread", $"-{level}", LinesFile);
        await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        await EndAsync(process);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("zstd", arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;

    private static async Task EndAsync(Process process)
    {
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"zstd ended with {process.ExitCode}.");
        }
    }

    private async Task PutAsync(EventBatch batch, string attempt)
    {
        var key = batch.Key(attempt);
        await Objects.PutIfAbsentAsync(key, batch.Content, batch.Attributes());
        Keys.Add(key);
        ContentBytes += batch.Index.ContentLength;
        StoredBytes += batch.Content.Length;
    }
}
