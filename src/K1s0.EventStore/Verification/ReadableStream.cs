using System.Runtime.CompilerServices;

namespace K1s0.EventStore;

/// <summary>
/// The events of a stream up to where reading fails: a store that reads by pages loses the rest of one. Enumerated
/// once; not thread-safe.
/// </summary>
internal sealed class ReadableStream(IAsyncEnumerable<EventEnvelope> events)
{
    /// <summary>Why it ends before its end; null when it does not.</summary>
    public string? Fault { get; private set; }

    public async IAsyncEnumerable<EventEnvelope> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var enumerator = events.GetAsyncEnumerator(cancellationToken);
        await using (enumerator.ConfigureAwait(false))
        {
            while (await MoveNextAsync(enumerator).ConfigureAwait(false))
            {
                yield return enumerator.Current;
            }
        }
    }

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<EventEnvelope> enumerator)
    {
        try
        {
            return await enumerator.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            Fault = e.Message;
            return false;
        }
    }
}
