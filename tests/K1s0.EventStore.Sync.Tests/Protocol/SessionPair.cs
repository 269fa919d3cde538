namespace K1s0.EventStore.Sync.Tests;

/// <summary>Two sessions that talk to each other, frame by frame.</summary>
internal sealed class SessionPair(SessionSide initiator, SessionSide responder)
{
    public SessionSide Initiator => initiator;

    public SessionSide Responder => responder;

    /// <summary>Every frame, in order: who sent it, and its bytes.</summary>
    public List<(SyncRole From, byte[] Frame)> Frames { get; } = [];

    /// <summary>What a frame becomes on its way; null when it gets lost.</summary>
    public Func<int, byte[], byte[]?> OnTheWay { get; set; } = (_, frame) => frame;

    public async Task<SessionPair> RunAsync()
    {
        await responder.StepAsync(new SyncInput.Started());
        await initiator.StepAsync(new SyncInput.Started());
        await CarryAsync();
        return this;
    }

    public async Task<SessionPair> AgainAsync()
    {
        await initiator.StepAsync(new SyncInput.RoundWanted());
        await CarryAsync();
        return this;
    }

    private async Task CarryAsync()
    {
        while (initiator.Sent.Count + responder.Sent.Count > 0)
        {
            await CarryAsync(initiator, responder, SyncRole.Initiator);
            await CarryAsync(responder, initiator, SyncRole.Responder);
        }
    }

    private async Task CarryAsync(SessionSide from, SessionSide to, SyncRole role)
    {
        if (from.Sent.TryDequeue(out var frame))
        {
            Frames.Add((role, frame));
            if (OnTheWay(Frames.Count - 1, frame) is { } arrived)
            {
                await to.StepAsync(new SyncInput.Received(arrived));
            }
        }
    }
}
