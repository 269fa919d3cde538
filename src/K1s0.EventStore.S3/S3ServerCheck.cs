namespace K1s0.EventStore.S3;

/// <summary>
/// Sees once, before the first put, whether the server keeps what is stored. A failure of the check itself is not
/// remembered: the next put checks again.
/// </summary>
internal sealed class S3ServerCheck(Func<CancellationToken, Task<bool>> check)
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile bool _passed;

    /// <exception cref="StoreOperationException">The server overwrites.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (_passed)
        {
            return;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_passed && !await check(cancellationToken).ConfigureAwait(false))
            {
                throw new StoreOperationException(
                    "This server overwrites objects that a put with If-None-Match must leave alone, so an archive is "
                    + "not safe on it. Nothing was stored. Use a server that keeps conditional puts.",
                    new NotSupportedException("If-None-Match was ignored."));
            }

            _passed = true;
        }
        finally
        {
            _gate.Release();
        }
    }
}
