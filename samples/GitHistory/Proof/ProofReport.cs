namespace K1s0.EventStore.Samples.GitHistory.Proof;

/// <summary>What was proved, and what was not.</summary>
internal sealed class ProofReport
{
    // Enough to see what is going on; a broken import differs everywhere.
    private const int MaxFindings = 10;

    private readonly List<string> _findings = [];

    /// <summary>The commits whose files were compared with git's.</summary>
    public int ComparedCommits { get; set; }

    /// <summary>The files that were compared, over all commits.</summary>
    public long ComparedFiles { get; set; }

    /// <summary>The events that the feed gave.</summary>
    public long FeedEvents { get; set; }

    /// <summary>The streams whose chain was recomputed.</summary>
    public int VerifiedStreams { get; set; }

    /// <summary>The events in those chains.</summary>
    public long VerifiedEvents { get; set; }

    /// <summary>The first things that are wrong.</summary>
    public IReadOnlyList<string> Findings => _findings;

    public int FindingCount { get; private set; }

    public bool Holds => FindingCount == 0;

    public void Add(string finding)
    {
        FindingCount++;
        if (_findings.Count < MaxFindings)
        {
            _findings.Add(finding);
        }
    }
}
