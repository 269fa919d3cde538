namespace K1s0.EventStore;

/// <summary>Collects findings, the first of them whole. Thread-safe.</summary>
internal sealed class FindingList(int maxFindings)
{
    // Both guarded by _lock.
    private readonly Lock _lock = new();
    private readonly List<(StoreFinding Finding, BrokenLink? Link)> _findings = [];
    private long _count;

    public long Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    public void Add(StoreFinding finding, BrokenLink? link = null)
    {
        lock (_lock)
        {
            _count++;
            if (_findings.Count < maxFindings)
            {
                _findings.Add((finding, link));
            }
        }
    }

    public void Add(
        StoreFindingKind kind, EventEnvelope envelope, string expected, string found, BrokenLink? link = null) =>
        Add(
            new StoreFinding(
                kind,
                envelope.StreamId,
                new StreamVersion(Math.Max(0, envelope.Version)),
                envelope.Position,
                expected,
                found),
            link);

    /// <summary>Forgets what was found about streams that another pass begins anew with.</summary>
    public void Forget(Predicate<StreamId> isLeft)
    {
        lock (_lock)
        {
            _count -= _findings.RemoveAll(entry => entry.Finding.Stream is { } stream && isLeft(stream));
        }
    }

    /// <summary>Replaces findings about links by what is known when all has been read.</summary>
    public async Task RefineAsync(Func<StoreFinding, BrokenLink, Task<StoreFinding>> refine, int most)
    {
        for (var i = 0; i < _findings.Count && most > 0; i++)
        {
            if (_findings[i] is (var finding, { } link))
            {
                _findings[i] = (await refine(finding, link).ConfigureAwait(false), null);
                most--;
            }
        }
    }

    public StoreFinding[] ToArray()
    {
        lock (_lock)
        {
            return [.. _findings.Select(entry => entry.Finding)];
        }
    }
}
