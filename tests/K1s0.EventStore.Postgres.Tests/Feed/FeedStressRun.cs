using System.Diagnostics;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>One run of the workload, with everything that the tests look at afterwards.</summary>
public sealed class FeedStressRun : IAsyncLifetime
{
    internal const string WriterName = "writer";

    private readonly WorkloadSettings _settings = WorkloadSettings.Read();
    private readonly WorkloadRecord _record = new();
    private PostgresServer _server = null!;
    private TimeSpan _writing;

    internal FeedStore Feed { get; private set; } = null!;

    internal WorkloadRecord Record => _record;

    internal IReadOnlyList<FeedFollower> Followers { get; private set; } = [];

    internal FeedFollower Filtered { get; private set; } = null!;

    internal FeedFollower Naive { get; private set; } = null!;

    internal BoundWatch Watch { get; private set; } = null!;

    /// <summary>A position that was visible only after the naive reader had passed it: interleaved by hand.</summary>
    internal long LatePosition { get; private set; }

    /// <summary>One answer, asked for when the last writer had ended and all bystanders were still there.</summary>
    internal long BoundAtTheEnd { get; private set; }

    internal IReadOnlyList<TableEvent> Table { get; private set; } = [];

    /// <summary>The figures of the run, for the test output.</summary>
    internal string Figures { get; private set; } = string.Empty;

    /// <summary>How to repeat the dice of the run.</summary>
    internal string Seed => $"seed {_settings.Seed} ({WorkloadSettings.SeedVariable})";

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        Feed = await FeedStore.CreateInAsync(await _server.CreateDatabaseAsync("stress"));
        Filtered = FollowedFeed.Steady(Feed, 70, FollowedFeed.Filter);
        Followers =
        [
            FollowedFeed.Steady(Feed, 50),
            FollowedFeed.Steady(Feed, 1_000),
            FollowedFeed.Restarting(Feed, 100),
            Filtered,
        ];
        Naive = FollowedFeed.Naive(Feed, 100);
        Watch = new BoundWatch(Feed.OpenAnother(), _record);
        try
        {
            await RunAsync();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"The workload failed with {Seed}: {e.Message}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Feed.DisposeAsync();
        await _server.DisposeAsync();
    }

    internal IReadOnlyList<TableEvent> TableFor(FeedFollower follower) =>
        follower == Filtered
            ? [.. Table.Where(e => string.Equals(e.EventType, FollowedFeed.FilteredType, StringComparison.Ordinal))]
            : Table;

    private async Task RunAsync()
    {
        await using var bystanders = await Bystanders.StartAsync(Feed, _server.ConnectionString());
        await using var writers = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Feed.ConnectionString)
            {
                ApplicationName = WriterName,
                MaxPoolSize = 2 * WorkloadSettings.Writers,
            });
        using var deadline = new CancellationTokenSource(_settings.Deadline);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        var end = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);

        await InterleaveByHandAsync();
        var watching = Watch.RunAsync(writing.Token);
        var following = Followers.Append(Naive)
            .Select(follower => follower.RunAsync(end.Task, deadline.Token))
            .ToList();
        try
        {
            await WriteAsync(writers, writing);
            BoundAtTheEnd = (await Feed.OpenAnother().GetSettledBoundAsync(deadline.Token)).Value;
            await watching;
            end.SetResult(_record.LastAcknowledged);
            await Task.WhenAll(following);
            Table = await ReadTableAsync();
            Figures = WriteFigures();
        }
        finally
        {
            // Whatever failed: nobody reads on.
            await deadline.CancelAsync();
        }
    }

    // The miss that every reader without a bound makes: a position that commits after a higher one was read.
    private async Task InterleaveByHandAsync()
    {
        await using var open = await OpenAppend.BeginAsync(Feed, WriterName);
        var late = await AppendByHandAsync(FeedStore.Orders, events => open.AppendAsync(events));
        LatePosition = late.Result.FirstPosition.Value;
        var passing = await AppendByHandAsync(
            FeedStore.Payments, events => Feed.Store.AppendAsync(FeedStore.Payments, events));
        _record.Acknowledge([passing]);
        foreach (var follower in Followers.Append(Naive))
        {
            await follower.ReadPageAsync();
        }

        await open.CommitAsync();
        _record.Acknowledge([late]);
    }

    private async Task<SentAppend> AppendByHandAsync(
        StreamId streamId, Func<EventEnvelope[], Task<AppendResult>> append)
    {
        var events = FeedStore.Events(streamId);
        var sent = _record.Tick();
        return new SentAppend(sent, await append(events), [events[0].Id]);
    }

    private async Task WriteAsync(NpgsqlDataSource dataSource, CancellationTokenSource writing)
    {
        // Three instances, as if there were three processes: each remembers heads that the others move.
        var stores = Enumerable.Range(0, 3).Select(_ => new PostgresEventStore(dataSource, Feed.Options)).ToArray();
        var started = Stopwatch.GetTimestamp();
        var running = Enumerable.Range(0, WorkloadSettings.Writers)
            .Select(i => new WorkloadWriter(i, _settings.Seed, stores[i % stores.Length], dataSource, _record))
            .Select(writer => Task.Run(() => writer.RunAsync(writing.Token)))
            .ToList();
        while (_record.Events < WorkloadSettings.TargetEvents || Stopwatch.GetElapsedTime(started) < _settings.AtLeast)
        {
            await Task.WhenAny(running.Append(Task.Delay(TimeSpan.FromMilliseconds(20), writing.Token)));
            if (writing.IsCancellationRequested || running.Exists(task => task.IsCompleted))
            {
                break;
            }
        }

        await writing.CancelAsync();
        await Task.WhenAll(running);
        _writing = Stopwatch.GetElapsedTime(started);
    }

    private string WriteFigures()
    {
        var acknowledgedAt = _record.Acknowledged.SelectMany(a => a.EventIds.Select(id => (id, a.AcknowledgedAt)))
            .ToDictionary(pair => pair.id, pair => pair.AcknowledgedAt);
        var lines = Followers.Append(Naive).Select(follower =>
        {
            var late = follower.Seen.Where(s => acknowledgedAt.ContainsKey(s.EventId))
                .Max(s => s.SeenAt - acknowledgedAt[s.EventId]);
            var verdict = FeedVerdict.Judge(follower.Seen, TableFor(follower));
            return $"  {follower.Name}: saw {follower.Seen.Count}, {verdict}, "
                + $"at worst {Stopwatch.GetElapsedTime(0, late).TotalMilliseconds:F0} ms behind";
        });
        var (count, seconds, delay) = (Table.Count, _writing.TotalSeconds, Watch.WorstDelay(_record.Acknowledged));
        return $"""
            {Seed}, {WorkloadSettings.Writers} writers, {seconds:F1} s
              {count} events committed ({count / seconds:F0}/s), {_record.Undone.Count} undone or lost,
              {_record.LastAcknowledged - 1 - count} positions drawn and rolled back, {_record.Conflicts} conflicts
              bound asked for {Watch.Questions} times, at worst {Watch.WorstLag} positions and
              {delay.TotalMilliseconds:F0} ms behind what was acknowledged
            {string.Join('\n', lines)}
            """;
    }

    private async Task<List<TableEvent>> ReadTableAsync()
    {
        await using var command = Feed.DataSource.CreateCommand(
            "select position, event_id, stream_type, stream_id, version, event_type "
            + "from event_store.events order by position");
        await using var reader = await command.ExecuteReaderAsync();
        var table = new List<TableEvent>();
        while (await reader.ReadAsync())
        {
            var streamId = new StreamId(reader.GetString(2), reader.GetString(3));
            table.Add(new TableEvent(
                reader.GetInt64(0), reader.GetGuid(1), streamId, reader.GetInt64(4), reader.GetString(5)));
        }

        return table;
    }
}
