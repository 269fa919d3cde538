namespace K1s0.EventStore.Postgres;

/// <summary>
/// The appends that wait for a writer, one line a stream: only the first of a line can be taken, and only when no other
/// append of its stream is under way. However long a line is, it does not hold up the other streams. Not thread-safe:
/// the queue's lock guards it.
/// </summary>
internal sealed class WaitingAppends(StreamHeadCache heads)
{
    // Bounds of one batch.
    private const int MaxBatchAppends = 128;
    private const int MaxBatchEvents = 1_000;
    private const long MaxBatchBytes = 4 * 1024 * 1024;

    // The first of each line whose stream is free, in the order in which they came to be that.
    private readonly LinkedList<QueuedAppend> _ready = [];

    // Appends that their stream has left behind: they are only answered.
    private readonly LinkedList<QueuedAppend> _late = [];

    // A stream is in here as long as an append of it is ready or under way; with those behind it, if there are any.
    private readonly Dictionary<StreamId, LinkedList<QueuedAppend>?> _lines = [];
    private int _underWay;
    private bool _tookLate;

    public bool IsEmpty => _ready.Count == 0 && _late.Count == 0;

    /// <summary>Puts an append under way at once, unless its stream is taken.</summary>
    public bool TryBegin(StreamId streamId)
    {
        if (!_lines.TryAdd(streamId, null))
        {
            return false;
        }

        _underWay++;
        return true;
    }

    public void Add(QueuedAppend queued)
    {
        if (_lines.TryAdd(queued.Append.StreamId, null))
        {
            queued.Node = _ready.AddLast(queued);
            return;
        }

        var line = _lines[queued.Append.StreamId] ??= [];
        queued.Node = line.AddLast(queued);
    }

    /// <summary>Of one that was given up nothing stays behind.</summary>
    public void Remove(QueuedAppend queued)
    {
        if (queued.Node?.List is not { } list)
        {
            return;
        }

        list.Remove(queued.Node);
        if (list == _ready)
        {
            MoveUp(queued.Append.StreamId);
        }
    }

    /// <summary>What was under way has ended: its streams are free.</summary>
    public void End(IReadOnlyCollection<StreamId> written)
    {
        _underWay -= written.Count;
        foreach (var streamId in written)
        {
            SetLateAside(streamId);
            MoveUp(streamId);
        }
    }

    /// <summary>
    /// Takes the next batch: late ones, or one of each stream that is free; in turns, when there are both. What is
    /// under way and what is ready is shared out evenly among the writers. An empty batch: nothing is left to be taken.
    /// </summary>
    public List<QueuedAppend> Take(int writers)
    {
        var batch = new List<QueuedAppend>();
        var isLateTurn = !_tookLate;

        // Those whose turn it is may all have been given up: then it is the others' turn.
        for (var turn = 0; turn < 2 && batch.Count == 0; turn++, isLateTurn = !isLateTurn)
        {
            if (isLateTurn)
            {
                TakeFrom(_late, batch, MaxBatchAppends);
            }
            else
            {
                TakeReady(batch, writers);
            }

            _tookLate = isLateTurn;
        }

        return batch;
    }

    private void TakeReady(List<QueuedAppend> batch, int writers)
    {
        var share = (_ready.Count + _underWay + writers - 1) / writers;
        TakeFrom(_ready, batch, Math.Clamp(share, 1, MaxBatchAppends));
        _underWay += batch.Count;
    }

    private void TakeFrom(LinkedList<QueuedAppend> waiting, List<QueuedAppend> batch, int maxAppends)
    {
        var (events, bytes) = (0, 0L);
        while (waiting.First?.Value is { } queued && batch.Count < maxAppends)
        {
            if (batch.Count > 0
                && (events + queued.Append.Events.Count > MaxBatchEvents || bytes + queued.Bytes > MaxBatchBytes))
            {
                return;
            }

            waiting.RemoveFirst();
            if (queued.TryTake())
            {
                batch.Add(queued);
                events += queued.Append.Events.Count;
                bytes += queued.Bytes;
            }
            else if (waiting == _ready)
            {
                MoveUp(queued.Append.StreamId);
            }
        }
    }

    private void SetLateAside(StreamId streamId)
    {
        var node = _lines[streamId]?.First;
        if (node is null || heads.Find(streamId) is not { } known)
        {
            return;
        }

        while (node is not null)
        {
            var (queued, next) = (node.Value, node.Next);
            if (queued.Append.Expected.ExactVersion?.Value < known.Version)
            {
                node.List!.Remove(node);
                queued.IsLate = true;
                queued.Node = _late.AddLast(queued);
            }

            node = next;
        }
    }

    // The stream is free: the first of its line is next.
    private void MoveUp(StreamId streamId)
    {
        if (_lines[streamId]?.First is not { } first)
        {
            _lines.Remove(streamId);
            return;
        }

        first.List!.RemoveFirst();
        first.Value.Node = _ready.AddLast(first.Value);
    }
}
