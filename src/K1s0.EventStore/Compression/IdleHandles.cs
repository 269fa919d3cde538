using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace K1s0.EventStore.Compression;

/// <summary>Keeps handles that are expensive to make while nobody uses them: one for each processor, no more.</summary>
internal sealed class IdleHandles<THandle>(Func<THandle> create)
    where THandle : SafeHandle
{
    private readonly ConcurrentQueue<THandle> _idle = [];

    /// <summary>A handle that nobody else uses until it is returned.</summary>
    /// <exception cref="CompressionUnavailableException">None can be made.</exception>
    public THandle Take()
    {
        if (_idle.TryDequeue(out var idle))
        {
            return idle;
        }

        var made = create();
        return made.IsInvalid
            ? throw new CompressionUnavailableException(CompressionFormat.Zstd, "libzstd got no memory for a context.")
            : made;
    }

    public void Return(THandle handle)
    {
        if (_idle.Count < Environment.ProcessorCount)
        {
            _idle.Enqueue(handle);
        }
        else
        {
            handle.Dispose();
        }
    }
}
