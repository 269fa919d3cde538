using System.Runtime.CompilerServices;
using K1s0.EventStore.Samples.GitHistory.Events;
using K1s0.EventStore.Samples.GitHistory.Git;

namespace K1s0.EventStore.Samples.GitHistory.Import;

/// <summary>
/// Puts commits that follow each other into one append as long as they touch different files: one round trip for many
/// small commits, and still every commit all or none. Only a commit with more files than an append may have is split.
/// </summary>
internal sealed class CommitPacker(EventStoreOptions options)
{
    private readonly int _maxEvents = Math.Min(options.MaxStreamsPerAppend, options.MaxEventsPerAppend);

    /// <summary>Packs commits, in their order.</summary>
    /// <param name="commits">The commits.</param>
    /// <param name="standsAlone">
    /// A commit that shares its append with no later one, because it may be stored: an append is repeated whole.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    public async IAsyncEnumerable<CommitPack> PackAsync(
        IAsyncEnumerable<Commit> commits,
        string? standsAlone,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pack = new CommitPack(_maxEvents);
        await foreach (var commit in commits.WithCancellation(cancellationToken))
        {
            var events = FileEvents.Of(commit);
            if (!pack.IsEmpty && !pack.HasRoomFor(events))
            {
                yield return pack;
                pack = new CommitPack(_maxEvents);
            }

            foreach (var envelope in events)
            {
                if (!pack.TryAdd(envelope))
                {
                    yield return pack;
                    pack = new CommitPack(_maxEvents);
                    pack.TryAdd(envelope);
                }
            }

            pack.Complete(commit.Id);
            if (string.Equals(commit.Id, standsAlone, StringComparison.Ordinal))
            {
                yield return pack;
                pack = new CommitPack(_maxEvents);
            }
        }

        if (!pack.IsEmpty)
        {
            yield return pack;
        }
    }
}
