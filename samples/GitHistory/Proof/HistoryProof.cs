using K1s0.EventStore.Integrity;
using K1s0.EventStore.Samples.GitHistory.Events;
using K1s0.EventStore.Samples.GitHistory.Git;
using K1s0.EventStore.Samples.GitHistory.Import;

namespace K1s0.EventStore.Samples.GitHistory.Proof;

/// <summary>
/// Proves an import against a truth that it had no part in: the files that git lists at HEAD and at commits chosen by
/// chance. Beside that, every stream's hash chain is recomputed.
/// </summary>
internal sealed class HistoryProof(GitRepository repository, IFeedReader feed, IStreamReader streams)
{
    /// <summary>Compares and verifies.</summary>
    /// <param name="history">What the import says is in the store.</param>
    /// <param name="randomCommits">How many commits to compare besides HEAD.</param>
    /// <param name="seed">Chooses the commits.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ProofReport> RunAsync(
        ImportedHistory history, int randomCommits, int seed, CancellationToken cancellationToken)
    {
        var report = new ProofReport();
        var (count, last) = (history.Commits.Count, history.Commits[^1].Id);
        if (count != repository.CommitCount || !string.Equals(last, repository.Head, StringComparison.Ordinal))
        {
            report.Add(
                $"{count} commits were imported up to {last}, not {repository.CommitCount} up to {repository.Head}");
        }

        await CompareAsync(Choose(history.Commits, randomCommits, seed), history, report, cancellationToken);
        await VerifyAsync(history, report, cancellationToken);
        return report;
    }

    /// <summary>HEAD and others, oldest first.</summary>
    internal static IReadOnlyList<ImportedCommit> Choose(IReadOnlyList<ImportedCommit> commits, int count, int seed)
    {
        var indexes = Enumerable.Range(0, commits.Count - 1).ToArray();
        new Random(seed).Shuffle(indexes);
        return [.. indexes.Take(count).Order().Select(index => commits[index]), commits[^1]];
    }

    private async Task CompareAsync(
        IReadOnlyList<ImportedCommit> chosen,
        ImportedHistory history,
        ProofReport report,
        CancellationToken cancellationToken)
    {
        var waiting = new Queue<ImportedCommit>(chosen);
        var tree = new FileTree();
        var versions = new Dictionary<StreamId, long>();
        var events = feed.ReadFeedAsync(
            filter: new FeedFilter { StreamTypes = [FileStreams.StreamType] },
            pageSize: FeedPage.MaxEvents,
            cancellationToken: cancellationToken);
        await foreach (var envelope in events)
        {
            while (waiting.TryPeek(out var next) && envelope.Position > next.Position)
            {
                await CompareAsync(waiting.Dequeue(), tree, report, cancellationToken);
            }

            tree.Apply(envelope);
            report.FeedEvents++;
            versions[envelope.StreamId] = versions.GetValueOrDefault(envelope.StreamId) + 1;
        }

        while (waiting.TryDequeue(out var next))
        {
            await CompareAsync(next, tree, report, cancellationToken);
        }

        foreach (var streamId in history.Streams.Keys.Union(versions.Keys))
        {
            var (appended, given) = (history.Streams.GetValueOrDefault(streamId), versions.GetValueOrDefault(streamId));
            if (appended != given)
            {
                report.Add($"the feed gave {given} events of {streamId}, {appended} were appended");
            }
        }
    }

    private async Task CompareAsync(
        ImportedCommit commit, FileTree rebuilt, ProofReport report, CancellationToken cancellationToken)
    {
        var truth = repository.ReadTreeAsync(commit.Id, cancellationToken);
        foreach (var difference in await TreeComparison.CompareAsync(rebuilt, truth, cancellationToken))
        {
            report.Add($"commit {commit.Id}: {difference}");
        }

        report.ComparedCommits++;
        report.ComparedFiles += rebuilt.Count;
    }

    private async Task VerifyAsync(ImportedHistory history, ProofReport report, CancellationToken cancellationToken)
    {
        foreach (var (streamId, version) in history.Streams)
        {
            var verification = await StreamVerifier.VerifyAsync(
                streamId,
                streams.ReadStreamAsync(streamId, cancellationToken: cancellationToken),
                cancellationToken: cancellationToken);
            report.VerifiedStreams++;
            report.VerifiedEvents += verification.VerifiedEvents;
            if (verification.Finding is { } finding)
            {
                report.Add($"stream {streamId}: {finding}");
            }
            else if (verification.VerifiedEvents != version)
            {
                report.Add($"stream {streamId} has {verification.VerifiedEvents} events, {version} were appended");
            }
        }
    }
}
