using System.Runtime.CompilerServices;
using K1s0.EventStore.Samples.GitHistory.Events;
using K1s0.EventStore.Samples.GitHistory.Git;

namespace K1s0.EventStore.Samples.GitHistory.Import;

/// <summary>What an earlier run left in the store, so that this one only adds what is new.</summary>
internal sealed class StoredHistory
{
    private readonly Queue<ImportedCommit> _commits = [];

    /// <summary>How many events each stream has.</summary>
    public Dictionary<StreamId, long> Streams { get; } = [];

    /// <summary>The commit that the store ends with. An earlier run may have stopped in the middle of it.</summary>
    public string? LastCommit { get; private set; }

    public static async Task<StoredHistory> ReadAsync(IFeedReader feed, CancellationToken cancellationToken)
    {
        var stored = new StoredHistory();
        var last = Position.Start;
        var events = feed.ReadFeedAsync(
            filter: new FeedFilter { StreamTypes = [FileStreams.StreamType] },
            pageSize: FeedPage.MaxEvents,
            cancellationToken: cancellationToken);
        await foreach (var envelope in events)
        {
            var commit = FileEvents.CommitOf(envelope);
            if (stored.LastCommit is { } before && !string.Equals(before, commit, StringComparison.Ordinal))
            {
                stored._commits.Enqueue(new ImportedCommit(before, last));
            }

            (stored.LastCommit, last) = (commit, envelope.Position);
            stored.Streams[envelope.StreamId] = envelope.Version;
        }

        return stored;
    }

    /// <summary>Holds back the commits that are completely stored.</summary>
    /// <param name="commits">The history as git tells it.</param>
    /// <param name="skipped">Called with each commit that is held back.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The last stored commit, which may be incomplete, and all behind it.</returns>
    /// <exception cref="UnusableRepositoryException">The store holds another history.</exception>
    public async IAsyncEnumerable<Commit> WithoutStoredAsync(
        IAsyncEnumerable<Commit> commits,
        Action<ImportedCommit> skipped,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var position = Position.Start;
        var reachedEnd = LastCommit is null;
        await foreach (var commit in commits.WithCancellation(cancellationToken))
        {
            if (reachedEnd)
            {
                yield return commit;
            }
            else if (_commits.TryPeek(out var stored) && string.Equals(stored.Id, commit.Id, StringComparison.Ordinal))
            {
                position = _commits.Dequeue().Position;
                skipped(new ImportedCommit(commit.Id, position));
            }
            else if (_commits.Count == 0 && string.Equals(commit.Id, LastCommit, StringComparison.Ordinal))
            {
                reachedEnd = true;
                yield return commit;
            }
            else if (commit.Changes.Count == 0)
            {
                skipped(new ImportedCommit(commit.Id, position));
            }
            else
            {
                throw OtherHistory();
            }
        }

        if (!reachedEnd)
        {
            throw OtherHistory();
        }
    }

    private static UnusableRepositoryException OtherHistory() =>
        new("The store holds the history of another repository, or of a branch that was rewritten since. "
            + "Choose another schema with --schema.");
}
