namespace K1s0.EventStore.Sync;

/// <summary>Decides on changes of a queue; makes none itself.</summary>
internal sealed class QueueDraft(
    QueueIndex entries,
    Dictionary<string, DateTimeOffset> resting,
    OfflineQueueOptions options,
    DateTimeOffset now)
{
    /// <summary>The most characters that are kept of why an operation was laid aside.</summary>
    public const int MaxReasonLength = 1_000;

    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly List<QueueChange> _changes = [];

    public IReadOnlyList<QueueChange> Changes => _changes;

    public EnqueueReceipt Enqueue(QueuedOperation operation)
    {
        if (entries.FindById(operation.Id) is { } known)
        {
            return new EnqueueReceipt(
                known.Operation.Id, known.Operation.Id != operation.Id, WasRepeated: true, known.IsDead);
        }

        if (entries.IsDone(operation.Id))
        {
            return new EnqueueReceipt(operation.Id, WasMerged: false, WasRepeated: true);
        }

        if (TryMerge(operation) is { } merged)
        {
            CheckRoom(merged.Operation.Size - entries.Find(merged.Number)!.Operation.Size, more: 0);
            _changes.Add(QueueChange.Put(merged));
            return new EnqueueReceipt(merged.Operation.Id, WasMerged: true, WasRepeated: false);
        }

        CheckRoom(operation.Size, more: 1);
        _changes.Add(QueueChange.Put(new QueueEntry(entries.NextNumber, operation, now)));
        return new EnqueueReceipt(operation.Id, WasMerged: false, WasRepeated: false);
    }

    /// <summary>
    /// What may be sent now. Operations that could still be merged are marked as sent first: they may take effect
    /// before this side learns of it.
    /// </summary>
    public IReadOnlyList<QueueEntry> TakeBatch()
    {
        var batch = new List<QueueEntry>();
        foreach (var entry in entries.All)
        {
            if (batch.Count >= options.BatchOperations)
            {
                break;
            }

            if (entry.IsDead || (resting.TryGetValue(entry.Operation.Key, out var until) && now < until))
            {
                continue;
            }

            batch.Add(entry);
            if (!entry.WasSent && options.Merge.ContainsKey(entry.Operation.Kind))
            {
                _changes.Add(QueueChange.Note(entry with { WasSent = true }));
            }
        }

        return batch;
    }

    /// <summary>Takes answers; gives how many operations were delivered, and whether anything changed.</summary>
    public (int Delivered, bool HasChanges) Answer(
        IReadOnlyList<QueueEntry> batch, IReadOnlyList<OperationResult> results)
    {
        var delivered = 0;
        for (var i = 0; i < results.Count; i++)
        {
            var (number, result) = (batch[i].Number, results[i]);
            if (entries.Find(number) is not { } entry)
            {
                continue;
            }

            switch (result.Outcome)
            {
                case OperationOutcome.Applied or OperationOutcome.AlreadyApplied:
                    delivered++;
                    resting.Remove(entry.Operation.Key);
                    _changes.Add(QueueChange.Remove(number));
                    break;
                case OperationOutcome.Rejected:
                    _changes.Add(QueueChange.Note(entry with { WasSent = true, DeadReason = ReasonOf(result) }));
                    break;
                case OperationOutcome.Failed:
                    Failed(entry, result);
                    break;
                default:
                    break;
            }
        }

        return (delivered, _changes.Count > 0);
    }

    public bool Revive(Guid id)
    {
        if (Dead(id) is not { } entry)
        {
            return false;
        }

        resting.Remove(entry.Operation.Key);
        _changes.Add(QueueChange.Note(entry with { DeadReason = null, FailedAttempts = 0 }));
        return true;
    }

    public bool Drop(Guid id)
    {
        if (Dead(id) is not { } entry)
        {
            return false;
        }

        _changes.Add(QueueChange.Remove(entry.Number));
        return true;
    }

    // What the other side says has any length, and an entry has its limits.
    private static string ReasonOf(OperationResult result)
    {
        var reason = result.Reason ?? result.Outcome.ToString();
        var isPairCut = reason.Length > MaxReasonLength && char.IsHighSurrogate(reason[MaxReasonLength - 1]);
        return reason[..Math.Min(reason.Length, MaxReasonLength - (isPairCut ? 1 : 0))];
    }

    private QueueEntry? Dead(Guid id) => entries.FindById(id) is { IsDead: true } entry ? entry : null;

    private void Failed(QueueEntry entry, OperationResult result)
    {
        var failed = entry with { WasSent = true, FailedAttempts = entry.FailedAttempts + 1 };
        var isLast = failed.FailedAttempts >= options.MaxFailedAttempts;
        _changes.Add(QueueChange.Note(isLast ? failed with { DeadReason = ReasonOf(result) } : failed));
        var doubled = options.RetryDelay.TotalMilliseconds * Math.Pow(2, failed.FailedAttempts - 1);
        var rest = Math.Min(doubled, LongestRest.TotalMilliseconds);
        resting[entry.Operation.Key] = isLast ? now : now + TimeSpan.FromMilliseconds(rest);
    }

    private void CheckRoom(long moreBytes, int more)
    {
        if (entries.Count + more > options.MaxOperations || entries.Bytes + moreBytes > options.MaxBytes)
        {
            throw new QueueFullException(entries.Count, options.MaxOperations, entries.Bytes, options.MaxBytes);
        }
    }

    private QueueEntry? TryMerge(QueuedOperation newer)
    {
        if (!options.Merge.TryGetValue(newer.Kind, out var merge)
            || entries.FindLast(newer.Key) is not { IsDead: false, WasSent: false } last
            || !string.Equals(last.Operation.Kind, newer.Kind, StringComparison.Ordinal)
            || last.Operation.Absorbed.Count >= QueuedOperation.MaxAbsorbed
            || newer.Absorbed.Count > 0
            || merge(last.Operation.PayloadUtf8, newer.PayloadUtf8) is not { } payload)
        {
            return null;
        }

        var merged = new QueuedOperation(
            newer.Id, newer.Kind, newer.Key, payload, [.. last.Operation.Absorbed, last.Operation.Id]);
        return merged.Size <= options.MaxOperationBytes ? last with { Operation = merged } : null;
    }
}
