namespace K1s0.EventStore.Sync.Tests;

/// <summary>A participant, and a way to it that does what a test says.</summary>
internal sealed class ScriptedPeer(ITransactionPeer inner) : ITransactionPeer
{
    private readonly TaskCompletionSource _called = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What deciding and asking throw; null for nothing.</summary>
    public Exception? Throws { get; set; }

    /// <summary>Whether deciding and asking do not end, whatever their token says.</summary>
    public bool Hangs { get; set; }

    /// <summary>Ends when somebody has called it in vain.</summary>
    public Task WasCalled => _called.Task;

    public Task<TransactionVote> PrepareAsync(PreparedWork work, CancellationToken cancellationToken = default) =>
        inner.PrepareAsync(work, cancellationToken);

    public async Task DecideAsync(Guid transactionId, bool isCommit, CancellationToken cancellationToken = default)
    {
        await CallAsync();
        await inner.DecideAsync(transactionId, isCommit, cancellationToken);
    }

    public async Task<TransactionStatus> AskAsync(Guid transactionId, CancellationToken cancellationToken = default)
    {
        await CallAsync();
        return await inner.AskAsync(transactionId, cancellationToken);
    }

    private async Task CallAsync()
    {
        if (Throws is not null)
        {
            _called.TrySetResult();
            throw Throws;
        }

        if (Hangs)
        {
            _called.TrySetResult();
            await new TaskCompletionSource().Task;
        }
    }
}
