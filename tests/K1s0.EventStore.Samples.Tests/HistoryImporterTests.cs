using K1s0.EventStore.Samples.GitHistory.Events;
using K1s0.EventStore.Samples.GitHistory.Git;
using K1s0.EventStore.Samples.Tests.Doubles;
using K1s0.EventStore.Samples.Tests.Repositories;

namespace K1s0.EventStore.Samples.Tests;

public sealed class HistoryImporterTests
{
    private static readonly EventStoreOptions Small = new() { MaxStreamsPerAppend = 3 };

    [Fact]
    public async Task Every_commit_is_in_one_append_and_most_appends_have_several_commits()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 200, seed: 21);
        var store = new InMemoryEventStore();
        var appender = new RecordingAppender(store);

        var imported = await ImportedRepository.CreateAsync(
            generated.Directory, store, new EventStoreOptions(), appender);

        appender.Appends.SelectMany(Commits).Should().OnlyHaveUniqueItems();
        appender.Appends.Count.Should().BeLessThan(100).And.Be((int)imported.History.Appends);
        (await imported.ProveAsync()).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task A_commit_with_more_files_than_an_append_may_have_is_split_and_the_order_is_kept()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 200, seed: 22);
        var store = new InMemoryEventStore(Small);
        var appender = new RecordingAppender(store);

        var imported = await ImportedRepository.CreateAsync(generated.Directory, store, Small, appender);

        appender.Appends.Should().OnlyContain(append => append.Count <= 3);
        appender.Appends.Take(10).Select(Commits).Should().OnlyContain(
            commits => commits.SetEquals(Commits(appender.Appends[0])), "the first commit has many files");
        (await imported.ProveAsync()).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task A_second_run_appends_only_the_new_commits()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 100, seed: 23);
        var store = new InMemoryEventStore();
        var first = await ImportedRepository.CreateAsync(generated.Directory, store, new EventStoreOptions());
        var again = await ImportedRepository.CreateAsync(generated.Directory, store, new EventStoreOptions());
        await generated.ExtendAsync(commits: 50);

        var second = await ImportedRepository.CreateAsync(generated.Directory, store, new EventStoreOptions());

        again.History.AppendedEvents.Should().Be(0);
        again.History.Commits.Should().Equal(first.History.Commits);
        second.History.Commits.Should().HaveCount(150).And.StartWith(first.History.Commits);
        (await store.GetSettledBoundAsync(TestContext.Current.CancellationToken)).Value
            .Should().Be(first.History.AppendedEvents + second.History.AppendedEvents);
        (await second.ProveAsync()).Findings.Should().BeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(60)]
    [InlineData(90)]
    public async Task An_import_that_was_interrupted_goes_on_where_it_stopped(int failAtAppend)
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 100, seed: 24);
        var store = new InMemoryEventStore(Small);
        var failing = new RecordingAppender(store, failAtAppend);
        var interrupted = () => ImportedRepository.CreateAsync(generated.Directory, store, Small, failing);
        await interrupted.Should().ThrowAsync<StoreUnavailableException>();
        var whole = await ImportedRepository.CreateAsync(generated.Directory, new InMemoryEventStore(Small), Small);

        var resumed = await ImportedRepository.CreateAsync(generated.Directory, store, Small);

        resumed.History.Commits.Should().Equal(whole.History.Commits);
        (await resumed.ProveAsync()).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task The_history_of_another_repository_is_refused_and_nothing_is_appended()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 20, seed: 25);
        using var other = await GeneratedRepository.CreateAsync(commits: 20, seed: 26);
        var store = new InMemoryEventStore();
        var imported = await ImportedRepository.CreateAsync(generated.Directory, store, new EventStoreOptions());

        var mixed = () => ImportedRepository.CreateAsync(other.Directory, store, new EventStoreOptions());

        (await mixed.Should().ThrowAsync<UnusableRepositoryException>()).WithMessage("*another repository*--schema*");
        (await store.GetSettledBoundAsync(TestContext.Current.CancellationToken)).Value
            .Should().Be(imported.History.AppendedEvents);
    }

    [Fact]
    public async Task An_event_carries_the_circumstances_of_its_commit()
    {
        using var folder = new TemporaryFolder();
        await TestGit.RunAsync(folder.Path, write: null, "init", "--quiet", "--initial-branch=main");
        await TestGit.RunAsync(
            folder.Path,
            async input =>
            {
                await using var writer = new FastImportWriter(input);
                writer.StartCommit("main", mark: 1, "Ada <ada@example.org>", 1_700_000_000, "First line\n\nMore.\n");
                writer.Modify("read me.txt", "100755", "hello\n");
                writer.EndCommit();
            },
            "fast-import",
            "--quiet");

        var imported = await ImportedRepository.CreateAsync(
            folder.Path, new InMemoryEventStore(), new EventStoreOptions());

        var stored = (await ReadAllAsync(imported.Store)).Should().ContainSingle().Subject;
        stored.StreamId.Should().Be(new StreamId("file", "read me.txt"));
        stored.EventType.Should().Be(FileEvents.Added);
        stored.Actor.Should().Be("Ada <ada@example.org>");
        stored.OccurredAt.Should().Be(DateTimeOffset.FromUnixTimeSeconds(1_700_000_060));
        stored.Id.Version.Should().Be(7);
        stored.Payload.GetRawText().Should()
            .Be("""{"mode":"100755","blob":"ce013625030ba8dba906f756967f9e9ca394464a"}""");
        stored.Metadata.GetProperty("correlationId").GetString().Should().Be(imported.Repository.Head);
        stored.Metadata.GetProperty("authorTime").GetInt64().Should().Be(1_700_000_000);
        stored.Metadata.GetProperty("commitTime").GetInt64().Should().Be(1_700_000_060);
        stored.Metadata.GetProperty("message").GetString().Should().Be("First line\n\nMore.");
    }

    private static ValueTask<List<EventEnvelope>> ReadAllAsync(IFeedReader feed) =>
        feed.ReadFeedAsync(cancellationToken: TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);

    private static HashSet<string> Commits(IReadOnlyCollection<StreamAppend> append) =>
        append.SelectMany(part => part.Events).Select(FileEvents.CommitOf).ToHashSet(StringComparer.Ordinal);
}
