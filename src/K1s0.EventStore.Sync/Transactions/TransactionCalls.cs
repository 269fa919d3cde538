namespace K1s0.EventStore.Sync;

/// <summary>
/// Calls to other nodes. What carries them there is the application's: whatever it throws and however long it takes, it
/// is a call that was not answered, and never the end of the caller.
/// </summary>
internal sealed class TransactionCalls(
    Func<string, ITransactionPeer?> find, TransactionOptions options, TimeProvider timeProvider)
{
    public async Task<TransactionVote> PrepareAsync(
        string name, PreparedWork work, CancellationToken cancellationToken)
    {
        var (vote, problem) = await TryCallAsync<TransactionVote?>(
            name,
            work.TransactionId,
            options.PrepareTimeout,
            async (peer, token) => await peer.PrepareAsync(work, token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        return vote ?? TransactionVote.No(problem);
    }

    /// <summary>Whether it has confirmed the decision.</summary>
    public async Task<bool> TryTellAsync(string name, Guid id, bool isCommit, CancellationToken cancellationToken) =>
        (await TryCallAsync(
            name,
            id,
            options.AnswerTimeout,
            async (peer, token) =>
            {
                await peer.DecideAsync(id, isCommit, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false)).Answer;

    /// <summary>Asks the coordinator, then the other participants, until one of them knows.</summary>
    public async Task<TransactionStatus> AskAsync(PreparedWork work, CancellationToken cancellationToken)
    {
        foreach (var name in work.Participants.Prepend(work.Coordinator))
        {
            var (status, _) = await TryCallAsync(
                name,
                work.TransactionId,
                options.AnswerTimeout,
                (peer, token) => peer.AskAsync(work.TransactionId, token),
                cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (status is TransactionStatus.Committed or TransactionStatus.Aborted)
            {
                return status;
            }
        }

        return TransactionStatus.Undecided;
    }

    // The answer; its default and why, when there is none.
    private async Task<(T? Answer, string Problem)> TryCallAsync<T>(
        string name,
        Guid id,
        TimeSpan limit,
        Func<ITransactionPeer, CancellationToken, Task<T>> call,
        CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, timeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return find(name) is not { } peer
                ? (default, $"{name} is not known.")
                // A peer may not listen to the token.
                : (await call(peer, both.Token).WaitAsync(both.Token).ConfigureAwait(false), string.Empty);
        }
        catch (OperationCanceledException e)
        {
            Report(id, name, e);
            return (default, $"{name} did not answer in time.");
        }
        catch (Exception e)
        {
            Report(id, name, e);
            return (default, $"{name} could not be asked: {e.Message}");
        }
    }

    private void Report(Guid id, string name, Exception reason) =>
        options.OnFailure?.Invoke(new TransactionFailure(id, name, reason));
}
