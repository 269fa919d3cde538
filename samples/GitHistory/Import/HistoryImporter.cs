using System.Threading.Channels;
using K1s0.EventStore.Samples.GitHistory.Git;

namespace K1s0.EventStore.Samples.GitHistory.Import;

/// <summary>
/// Appends one event for each changed file of each commit, in the order of the history. An import that stops anywhere
/// leaves whole appends behind; the next one goes on from there.
/// </summary>
internal sealed class HistoryImporter(IEventAppender appender, IFeedReader feed, EventStoreOptions options)
{
    // git reads ahead by this many packs while the store writes.
    private const int PacksAhead = 8;

    private readonly List<ImportedCommit> _commits = [];
    private Dictionary<StreamId, long> _versions = [];
    private Position _last = Position.Start;
    private long _appendedEvents;
    private long _appendedBytes;
    private long _appends;

    public async Task<ImportedHistory> ImportAsync(
        GitRepository repository, IProgress<ImportProgress> progress, CancellationToken cancellationToken)
    {
        var stored = await StoredHistory.ReadAsync(feed, cancellationToken);
        _versions = stored.Streams;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var packs = Channel.CreateBounded<(CommitPack Pack, IReadOnlyList<ImportedCommit> Skipped)>(PacksAhead);
        var reading = Task.Run(
            () => ReadPacksAsync(repository, stored, packs.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var (pack, skipped) in packs.Reader.ReadAllAsync(cancellationToken))
            {
                _commits.AddRange(skipped);
                _last = skipped is [.., var lastSkipped] ? lastSkipped.Position : _last;
                await AppendAsync(pack, cancellationToken);
                progress.Report(new ImportProgress(_commits.Count, _appendedEvents));
            }
        }
        finally
        {
            // Nothing is left to do for git when the store failed.
            await stop.CancelAsync();
            await reading;
        }

        return new ImportedHistory
        {
            Commits = _commits,
            Streams = _versions,
            AppendedEvents = _appendedEvents,
            AppendedBytes = _appendedBytes,
            Appends = _appends,
        };
    }

    private async Task ReadPacksAsync(
        GitRepository repository,
        StoredHistory stored,
        ChannelWriter<(CommitPack Pack, IReadOnlyList<ImportedCommit> Skipped)> packs,
        CancellationToken cancellationToken)
    {
        List<ImportedCommit> skipped = [];
        try
        {
            var commits = stored.WithoutStoredAsync(
                repository.ReadHistoryAsync(cancellationToken), commit => skipped.Add(commit), cancellationToken);
            var packer = new CommitPacker(options);
            await foreach (var pack in packer.PackAsync(commits, stored.LastCommit, cancellationToken))
            {
                await packs.WriteAsync((pack, skipped), cancellationToken);
                skipped = [];
            }

            packs.Complete();
        }
#pragma warning disable CA1031 // Whatever it is: it travels through the channel and is thrown at its reader.
        catch (Exception e)
#pragma warning restore CA1031
        {
            packs.Complete(e);
        }
    }

    private async Task AppendAsync(CommitPack pack, CancellationToken cancellationToken)
    {
        var (before, results) = (_last, (IReadOnlyList<AppendResult>)[]);
        if (pack.Events.Count > 0)
        {
            results = await appender.AppendAsync([.. pack.Events.Select(ToAppend)], cancellationToken);
            _appends++;
        }

        for (var i = 0; i < results.Count; i++)
        {
            Note(pack.Events[i], results[i]);
        }

        foreach (var completed in pack.Completed)
        {
            var position = completed.EventCount == 0 ? before : results[completed.EventCount - 1].LastPosition;
            _commits.Add(new ImportedCommit(completed.CommitId, position));
        }
    }

    private StreamAppend ToAppend(EventEnvelope envelope) =>
        new(
            envelope.StreamId,
            [envelope],
            ExpectedVersion.Exactly(new StreamVersion(_versions.GetValueOrDefault(envelope.StreamId))));

    private void Note(EventEnvelope envelope, AppendResult result)
    {
        // The state at a commit is the feed up to a position, so the feed has to have the order of the history.
        if (result.FirstPosition <= _last)
        {
            throw new InvalidDataException(
                $"{envelope} got position {result.FirstPosition}, which is not behind {_last}, the one before it.");
        }

        _last = result.LastPosition;
        _versions[envelope.StreamId] = result.Version.Value;
        if (!result.WasRepeated)
        {
            _appendedEvents++;
            _appendedBytes += envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length;
        }
    }
}
