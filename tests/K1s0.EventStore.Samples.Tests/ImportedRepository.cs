using K1s0.EventStore.Samples.GitHistory.Git;
using K1s0.EventStore.Samples.GitHistory.Import;
using K1s0.EventStore.Samples.GitHistory.Proof;
using K1s0.EventStore.Samples.Tests.Doubles;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>A repository whose history is in a store in memory.</summary>
internal sealed record ImportedRepository(GitRepository Repository, InMemoryEventStore Store, ImportedHistory History)
{
    public static async Task<ImportedRepository> CreateAsync(
        string directory, InMemoryEventStore store, EventStoreOptions options, IEventAppender? appender = null)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var repository = await GitRepository.OpenAsync(new GitProgram(), directory, cancellation);
        var importer = new HistoryImporter(appender ?? store, store, options);
        var progress = new RecordedProgress();
        var history = await importer.ImportAsync(repository, progress, cancellation);
        progress.Reports.Select(report => report.Commits).Should().BeInAscendingOrder();
        progress.Reports[^1].Commits.Should().Be(repository.CommitCount);
        return new ImportedRepository(repository, store, history);
    }

    /// <summary>Proves the import against git; the roles default to the store itself.</summary>
    public Task<ProofReport> ProveAsync(IFeedReader? feed = null, IStreamReader? streams = null) =>
        new HistoryProof(Repository, feed ?? Store, streams ?? Store)
            .RunAsync(History, randomCommits: 25, seed: 11, TestContext.Current.CancellationToken);
}
