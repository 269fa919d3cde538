using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// One at a time for a key, between all processes of a machine: an open file that nobody else can open. Keys share 64
/// files, so that there is no file for each object. The system gives a lock back when its process ends.
/// </summary>
internal sealed class FileObjectLocks(string folder, TimeProvider timeProvider)
{
    private const int Count = 64;

    // A lock is held for two renames and two flushes.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim[] _ours = [.. Enumerable.Range(0, Count).Select(_ => new SemaphoreSlim(1, 1))];

    /// <exception cref="IOException">Somebody has held it for 30 seconds.</exception>
    public async Task<IDisposable> TakeAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // The same in every process.
        var number = Sha256Digest.Of(Encoding.ASCII.GetBytes(key.Value)).ToArray()[0] % Count;
        var ours = _ours[number];
        await ours.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return new Held(ours, await OpenAsync(number, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            ours.Release();
            throw;
        }
    }

    private async Task<FileStream> OpenAsync(int number, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"{number:D2}");
        var started = timeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path) && timeProvider.GetElapsedTime(started) < Limit)
            {
                await Task.Delay(Look, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private sealed class Held(SemaphoreSlim ours, FileStream file) : IDisposable
    {
        public void Dispose()
        {
            file.Dispose();
            ours.Release();
        }
    }
}
