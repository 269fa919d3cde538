using System.Globalization;
using K1s0.EventStore.Samples.GitHistory.Git;
using K1s0.EventStore.Samples.GitHistory.Import;
using K1s0.EventStore.Samples.GitHistory.Proof;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Samples.GitHistory;

/// <summary>Opens, imports, proves, and says how it went.</summary>
internal sealed class HistoryRun(GitProgram git, TextWriter output, bool isTerminal, TimeProvider timeProvider)
{
    public const int Proved = 0;
    public const int Failed = 1;
    public const int Unusable = 2;

    /// <summary>Runs with the store that the arguments ask for.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> commandLine, CancellationToken cancellationToken)
    {
        try
        {
            var arguments = HistoryArguments.Parse(commandLine);
            var repository = await GitRepository.OpenAsync(git, arguments.Repository, cancellationToken);
            var services = new ServiceCollection();
            StoreChoice.AddStore(services, arguments);
            await using var provider = services.BuildServiceProvider();
            await StoreChoice.PrepareAsync(provider, cancellationToken);
            Write($"repository  {Path.GetFullPath(arguments.Repository)}, HEAD {repository.Head}");
            Write($"store       {StoreChoice.Describe(arguments)}");
            return await RunAsync(repository, provider, arguments, cancellationToken);
        }
        catch (FormatException e)
        {
            Write($"{e.Message}{Environment.NewLine}{Environment.NewLine}{HistoryArguments.Usage}");
            return Unusable;
        }
        catch (Exception e) when (e is UnusableRepositoryException or UnusableStoreException)
        {
            Write($"{e.Message}");
            return Unusable;
        }
        catch (Exception e) when (e is EventStoreException or InvalidDataException)
        {
            Write($"FAILED      {e.Message}");
            return Failed;
        }
    }

    /// <summary>Runs with the roles of the store that stand in the container.</summary>
    public async Task<int> RunAsync(
        GitRepository repository,
        IServiceProvider provider,
        HistoryArguments arguments,
        CancellationToken cancellationToken)
    {
        var feed = provider.GetRequiredService<IFeedReader>();
        var options = provider.GetRequiredService<IOptions<EventStoreOptions>>().Value;
        var importer = new HistoryImporter(provider.GetRequiredService<IEventAppender>(), feed, options);
        var started = timeProvider.GetTimestamp();
        var progress = new ProgressBar(output, isTerminal, repository.CommitCount, timeProvider);
        var history = await importer.ImportAsync(repository, progress, cancellationToken);
        WriteImport(history, timeProvider.GetElapsedTime(started));

        started = timeProvider.GetTimestamp();
        Write($"seed        {arguments.Seed}");
        var proof = new HistoryProof(repository, feed, provider.GetRequiredService<IStreamReader>());
        var report = await proof.RunAsync(history, arguments.RandomCommits, arguments.Seed, cancellationToken);
        WriteProof(report, timeProvider.GetElapsedTime(started));
        return report.Holds ? Proved : Failed;
    }

    private void WriteImport(ImportedHistory history, TimeSpan elapsed)
    {
        var (events, bytes) = (history.AppendedEvents, history.AppendedBytes);
        Write($"imported    {history.Commits.Count:N0} commits, {history.Streams.Count:N0} streams");
        Write($"appended    {events:N0} events, {bytes:N0} bytes in {history.Appends:N0} appends");
        Write($"took        {elapsed.TotalSeconds:N2} s, {events / Math.Max(elapsed.TotalSeconds, 0.001):N0} events/s");
    }

    private void WriteProof(ProofReport report, TimeSpan elapsed)
    {
        Write($"compared    {report.ComparedCommits:N0} commits with git ls-tree, {report.ComparedFiles:N0} files");
        Write($"read        {report.FeedEvents:N0} events from the feed");
        Write($"verified    {report.VerifiedStreams:N0} chains, {report.VerifiedEvents:N0} events");
        Write($"took        {elapsed.TotalSeconds:N2} s");
        foreach (var finding in report.Findings)
        {
            Write($"  {finding}");
        }

        if (report.Holds)
        {
            Write($"OK          the events say what git says");
        }
        else
        {
            Write($"FAILED      {report.FindingCount:N0} differences, the first {report.Findings.Count:N0} above");
        }
    }

    private void Write(FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
