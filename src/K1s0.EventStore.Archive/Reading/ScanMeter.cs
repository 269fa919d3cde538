using System.Diagnostics;

namespace K1s0.EventStore.Archive;

/// <summary>Counts what one read costs. Requests of one read may end at the same time.</summary>
internal sealed class ScanMeter
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly HashSet<string> _partitions = new(StringComparer.Ordinal);
    private long _bytes;
    private int _batches;
    private int _frames;

    public void CountBatch(string key)
    {
        _batches++;
        _partitions.Add(key[..(key.LastIndexOf('/') + 1)]);
    }

    public void CountFrame() => _frames++;

    public void CountBytes(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public ArchiveScan Result() => new(
        _partitions.Count, _batches, _frames, Interlocked.Read(ref _bytes), Stopwatch.GetElapsedTime(_started));
}
