using System.Threading.Channels;

namespace K1s0.EventStore;

/// <summary>Takes the wishes to replay parked events, and fulfils them one by one as long as a run lives.</summary>
internal sealed class ReplayQueue(ParkedKeys parked, ISubscriptionRun run)
{
    private const int MaxWaiting = 16;

    private readonly Channel<Wish> _wishes = Channel.CreateBounded<Wish>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    /// <summary>Replays what is parked.</summary>
    /// <exception cref="InvalidOperationException">The run has ended.</exception>
    public async Task<ParkedReplay> AskAsync(CancellationToken cancellationToken)
    {
        var wish = new Wish(
            new TaskCompletionSource<ParkedReplay>(TaskCreationOptions.RunContinuationsAsynchronously),
            cancellationToken);
        try
        {
            await _wishes.Writer.WriteAsync(wish, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new InvalidOperationException("The subscription does not run any more.", e);
        }

        return await wish.Answer.Task.ConfigureAwait(false);
    }

    /// <summary>Fulfils wishes until the run ends. Never fails: what goes wrong is told to who asked.</summary>
    public async Task ServeAsync(CancellationToken ending)
    {
        try
        {
            await foreach (var wish in _wishes.Reader.ReadAllAsync(ending).ConfigureAwait(false))
            {
                await FulfilAsync(wish, ending).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The run has ended.
        }

        _wishes.Writer.Complete();
        while (_wishes.Reader.TryRead(out var late))
        {
            late.Answer.TrySetCanceled(ending);
        }
    }

    private async Task FulfilAsync(Wish wish, CancellationToken ending)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(wish.CancellationToken, ending);
        try
        {
            wish.Answer.SetResult(await parked.ReplayAsync(run, either.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            wish.Answer.SetCanceled(either.Token);
        }
        catch (Exception e)
        {
            wish.Answer.SetException(e);
        }
    }

    private sealed record Wish(TaskCompletionSource<ParkedReplay> Answer, CancellationToken CancellationToken);
}
