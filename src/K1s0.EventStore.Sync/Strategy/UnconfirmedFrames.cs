namespace K1s0.EventStore.Sync;

/// <summary>
/// Frames of events that were sent and are not confirmed as durable yet; their answers measure the link.
/// </summary>
internal sealed class UnconfirmedFrames(Outbox outbox, LinkMeter? meter)
{
    private readonly Queue<(int Bytes, int Events)> _frames = new();
    private readonly LinkSampler _sampler = new(meter);
    private long _framesConfirmed;
    private long _eventsAnswered;

    public int Count => _frames.Count;

    public long Bytes { get; private set; }

    public long EventsConfirmed { get; private set; }

    /// <summary>Whether the peer has taken every event that it is done with.</summary>
    public bool HasAllConfirmed => EventsConfirmed == _eventsAnswered;

    public void Sent(int bytes, int events)
    {
        _frames.Enqueue((bytes, events));
        Bytes += bytes;
        _sampler.Sent(outbox.Now);
    }

    /// <summary>The peer says how many frames it is done with, and how many of their events it has durably.</summary>
    public void Confirmed(long frames, long events)
    {
        // One that confirms nothing would hold the session for as long as it is repeated.
        if (frames <= _framesConfirmed || frames - _framesConfirmed > _frames.Count)
        {
            outbox.Broken($"{frames} frames are confirmed, which were not sent.");
            return;
        }

        for (; _framesConfirmed < frames; _framesConfirmed++)
        {
            var (bytes, sent) = _frames.Dequeue();
            Bytes -= bytes;
            _eventsAnswered += sent;
            _sampler.Confirmed(bytes);
        }

        if (events < EventsConfirmed || events > _eventsAnswered)
        {
            outbox.Broken($"{events} events are confirmed, which were not sent.");
            return;
        }

        EventsConfirmed = events;
        _sampler.Measure(outbox.Now);
    }
}
