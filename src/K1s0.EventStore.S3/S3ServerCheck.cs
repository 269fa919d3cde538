namespace K1s0.EventStore.S3;

/// <summary>
/// Sees once, before the first put, whether the server keeps what is stored. A failure of the check itself is not
/// remembered: the next put checks again.
/// </summary>
internal sealed class S3ServerCheck(Func<CancellationToken, Task<bool>> check)
{
    // Guarded by _lock. The check is everybody's, so nobody's token ends it.
    private readonly Lock _lock = new();
    private Task<bool>? _answer;

    /// <exception cref="StoreOperationException">The server overwrites.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        Task<bool> answer;
        lock (_lock)
        {
            if (_answer is { IsCompleted: true, IsCompletedSuccessfully: false })
            {
                _answer = null;
            }

            answer = _answer ??= Task.Run(() => check(CancellationToken.None), CancellationToken.None);
        }

        if (!await answer.WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            throw new StoreOperationException(
                "This server overwrites objects that a put with If-None-Match, or with If-Match and another version, "
                + "must leave alone, so an archive is not safe on it. Nothing was stored. Use a server that keeps "
                + "conditional puts.",
                new NotSupportedException("The condition of a put was ignored."));
        }
    }
}
