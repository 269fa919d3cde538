namespace K1s0.EventStore.Sync.Tests;

/// <summary>Two sessions over a link that has a bandwidth and a latency, in virtual time.</summary>
internal sealed class SlowLink(SessionSide initiator, SessionSide responder, double bytesPerSecond, TimeSpan latency)
{
    private readonly PriorityQueue<(SessionSide To, byte[] Frame), (long Ticks, int Number)> _onTheWay = new();
    private readonly Dictionary<SessionSide, TimeSpan> _freeAt = [];
    private int _number;

    /// <summary>What arrived, when, and from whom.</summary>
    public List<(TimeSpan At, SyncRole From, byte[] Frame)> Arrived { get; } = [];

    /// <summary>How long after noon it is.</summary>
    public TimeSpan Now { get; set; }

    /// <summary>One session with one round; or until the link breaks.</summary>
    public async Task<SlowLink> RunAsync(TimeSpan? breaksAt = null)
    {
        await StepAsync(responder, new SyncInput.Started());
        await StepAsync(initiator, new SyncInput.Started());
        while (_onTheWay.TryDequeue(out var next, out var at) && (breaksAt is null || at.Ticks <= breaksAt.Value.Ticks))
        {
            Now = TimeSpan.FromTicks(at.Ticks);
            Arrived.Add((Now, next.To == responder ? SyncRole.Initiator : SyncRole.Responder, next.Frame));
            await StepAsync(next.To, new SyncInput.Received(next.Frame));
        }

        return this;
    }

    private async Task StepAsync(SessionSide side, SyncInput input)
    {
        side.Now = Some.Noon + Now;
        await side.StepAsync(input);
        while (side.Sent.TryDequeue(out var frame))
        {
            var begins = _freeAt.GetValueOrDefault(side) is var free && free > Now ? free : Now;
            _freeAt[side] = begins + TimeSpan.FromSeconds(frame.Length / bytesPerSecond);
            var other = side == initiator ? responder : initiator;
            _onTheWay.Enqueue((other, frame), ((_freeAt[side] + latency).Ticks, _number++));
        }
    }
}
