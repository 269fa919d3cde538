using System.Text;
using K1s0.EventStore.Samples.GitHistory.Events;
using K1s0.EventStore.Samples.Tests.Doubles;
using K1s0.EventStore.Samples.Tests.Repositories;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>Breaks the truth on purpose: a proof that cannot fail proves nothing.</summary>
public sealed class HistoryProofTests : IAsyncLifetime
{
    private GeneratedRepository _generated = null!;
    private ImportedRepository _imported = null!;
    private EventEnvelope _lastOfLivingFile = null!;

    public async ValueTask InitializeAsync()
    {
        _generated = await GeneratedRepository.CreateAsync(commits: 300, seed: 300);
        _imported = await ImportedRepository.CreateAsync(
            _generated.Directory, new InMemoryEventStore(), new EventStoreOptions());
        var events = await _imported.Store.ReadFeedAsync().ToListAsync();
        _lastOfLivingFile = events.Last(
            envelope => !IsDeletion(envelope)
                && envelope.Version == _imported.History.Streams[envelope.StreamId]);
    }

    public ValueTask DisposeAsync()
    {
        _generated.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_import_that_nobody_touched_is_proved()
    {
        var report = await _imported.ProveAsync();

        report.Findings.Should().BeEmpty();
        report.Holds.Should().BeTrue();
        report.ComparedCommits.Should().Be(26);
        report.VerifiedStreams.Should().Be(_imported.History.Streams.Count);
        report.VerifiedEvents.Should().Be(report.FeedEvents).And.Be(_imported.History.AppendedEvents);
    }

    [Fact]
    public async Task A_feed_without_deletions_shows_files_that_git_does_not_have()
    {
        var feed = new ChangedFeed(
            _imported.Store, envelope => IsDeletion(envelope) ? null : envelope);

        var report = await _imported.ProveAsync(feed);

        report.Holds.Should().BeFalse();
        report.Findings.Should().Contain(finding => finding.Contains("git does not have it"));
    }

    [Fact]
    public async Task A_feed_without_one_addition_shows_a_missing_file()
    {
        var feed = new ChangedFeed(
            _imported.Store,
            envelope => envelope.StreamId == _lastOfLivingFile.StreamId ? null : envelope);

        var report = await _imported.ProveAsync(feed);

        report.Holds.Should().BeFalse();
        report.Findings.Should().Contain(finding => finding.Contains("is missing: git has"));
    }

    [Fact]
    public async Task One_changed_blob_id_is_found_at_HEAD()
    {
        var feed = new ChangedFeed(_imported.Store, envelope => Rewrite(envelope, "\"blob\":\"", 'x'));

        var report = await _imported.ProveAsync(feed);

        report.FindingCount.Should().Be(1);
        report.Findings.Should().ContainSingle().Which
            .Should().Contain(_imported.Repository.Head).And.Contain(" x").And.Contain("git has");
    }

    [Fact]
    public async Task One_changed_mode_is_found_at_HEAD()
    {
        var feed = new ChangedFeed(_imported.Store, envelope => Rewrite(envelope, "\"mode\":\"", '9'));

        var report = await _imported.ProveAsync(feed);

        report.Findings.Should().ContainSingle().Which.Should().Contain(" 9").And.Contain("git has");
    }

    [Fact]
    public async Task A_position_that_belongs_to_the_commit_before_is_found()
    {
        var commits = _imported.History.Commits;
        var moved = commits.Zip(commits.Prepend(commits[0])).Select(
            pair => pair.First with { Position = pair.Second.Position });
        var imported = _imported with { History = _imported.History with { Commits = [.. moved] } };

        var report = await imported.ProveAsync();

        report.Holds.Should().BeFalse();
    }

    [Fact]
    public async Task A_history_without_its_last_commit_is_found()
    {
        var imported = _imported with
        {
            History = _imported.History with { Commits = [.. _imported.History.Commits.SkipLast(1)] },
        };

        var report = await imported.ProveAsync();

        report.Findings.Should().ContainSingle().Which.Should().Contain("299 commits were imported").And.Contain("300");
    }

    [Fact]
    public async Task A_changed_event_breaks_the_chain_of_its_stream()
    {
        var streams = new ChangedStreams(_imported.Store, envelope => Rewrite(envelope, "\"blob\":\"", '0'));

        var report = await _imported.ProveAsync(streams: streams);

        report.Findings.Should().ContainSingle().Which.Should()
            .StartWith($"stream {_lastOfLivingFile.StreamId}: version {_lastOfLivingFile.Version}: ContentChanged");
    }

    [Fact]
    public async Task A_stream_that_lost_its_last_event_is_found()
    {
        var streams = new ChangedStreams(
            _imported.Store, envelope => envelope.Id == _lastOfLivingFile.Id ? null : envelope);

        var report = await _imported.ProveAsync(streams: streams);

        report.Findings.Should().ContainSingle().Which.Should()
            .Contain($"{_lastOfLivingFile.Version - 1} events, {_lastOfLivingFile.Version} were appended");
    }

    private static bool IsDeletion(EventEnvelope envelope) =>
        string.Equals(envelope.EventType, FileEvents.Deleted, StringComparison.Ordinal);

    // Puts another character behind the text, in the one event whose file is as it left it.
    private EventEnvelope Rewrite(EventEnvelope envelope, string text, char character)
    {
        if (envelope.Id != _lastOfLivingFile.Id)
        {
            return envelope;
        }

        var payload = envelope.PayloadUtf8.ToArray();
        var at = payload.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) + text.Length;
        payload[at] = payload[at] == character ? (byte)'1' : (byte)character;
        return envelope with { PayloadUtf8 = payload };
    }
}
