namespace K1s0.EventStore.Integrity;

/// <summary>
/// Recomputes one stream from its bytes, trusting no stored hash, and names the first version that is not what was
/// appended.
/// </summary>
/// <remarks>
/// Constant memory: events are looked at one by one. A stream whose tail was cut off verifies by itself; pass the head
/// that was remembered earlier to notice that. Stateless, safe to use from several threads.
/// </remarks>
public static class StreamVerifier
{
    /// <summary>Verifies a whole stream.</summary>
    /// <param name="streamId">The stream that the events are said to be.</param>
    /// <param name="events">All events of the stream in the order that the store gives them.</param>
    /// <param name="rememberedHead">A head that the stream had at some time; null when none was kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was found. Only the first bad version is reported: behind it the chain proves nothing.</returns>
    public static async Task<StreamVerification> VerifyAsync(
        StreamId streamId,
        IAsyncEnumerable<EventEnvelope> events,
        StreamHead? rememberedHead = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentNullException.ThrowIfNull(events);
        return await VerifyAsync(streamId, events, Heads(rememberedHead), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Verifies a stream that is in memory.</summary>
    /// <param name="streamId">The stream that the events are said to be.</param>
    /// <param name="events">All events of the stream in the order that the store gives them.</param>
    /// <param name="rememberedHead">A head that the stream had at some time; null when none was kept.</param>
    public static StreamVerification Verify(
        StreamId streamId, IEnumerable<EventEnvelope> events, StreamHead? rememberedHead = null)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentNullException.ThrowIfNull(events);
        var walk = new StreamWalk(streamId, Heads(rememberedHead));
        foreach (var envelope in events)
        {
            if (walk.Check(envelope) is { } finding)
            {
                return walk.Failed(finding);
            }
        }

        return walk.End();
    }

    /// <summary>The same against several heads, whoever kept them.</summary>
    internal static async Task<StreamVerification> VerifyAsync(
        StreamId streamId,
        IAsyncEnumerable<EventEnvelope> events,
        IReadOnlyCollection<StreamHead> knownHeads,
        CancellationToken cancellationToken)
    {
        var walk = new StreamWalk(streamId, knownHeads);
        await foreach (var envelope in events.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (walk.Check(envelope) is { } finding)
            {
                return walk.Failed(finding);
            }
        }

        return walk.End();
    }

    private static StreamHead[] Heads(StreamHead? rememberedHead) => rememberedHead is null ? [] : [rememberedHead];
}
