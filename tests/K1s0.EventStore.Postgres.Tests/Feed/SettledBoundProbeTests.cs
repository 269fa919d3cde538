using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>
/// One question at a time for a whole process. A lock on the table <c>store</c> stops a question in its middle: behind
/// the sequence's value, before the locks.
/// </summary>
public sealed class SettledBoundProbeTests : IAsyncLifetime
{
    private readonly StatementLog _statements = new();
    private FeedStore _feed = null!;
    private NpgsqlDataSource _dataSource = null!;
    private PostgresEventStore _store = null!;
    private Session _keeper = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _feed = await FeedStore.CreateAsync();
        await _feed.AppendAsync(FeedStore.Orders);
        var builder = new NpgsqlDataSourceBuilder(_feed.ConnectionString);
        builder.UseLoggerFactory(LoggerFactory.Create(
            logging => logging.AddProvider(_statements).SetMinimumLevel(LogLevel.Debug)));
        _dataSource = builder.Build();
        _store = new PostgresEventStore(_dataSource, _feed.Options);
        await _store.InspectFeedAsync(Cancellation);
        _keeper = await _feed.OpenSessionAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _keeper.DisposeAsync();
        await _dataSource.DisposeAsync();
        await _feed.DisposeAsync();
    }

    [Fact]
    public async Task Callers_that_come_while_a_question_is_under_way_share_the_next_one()
    {
        var before = _statements.Questions;
        await StopQuestionsAsync();
        var first = _store.InspectFeedAsync(Cancellation);
        await _feed.UntilSessionsWaitAsync();
        var others = Enumerable.Range(0, 200).Select(_ => _store.InspectFeedAsync(Cancellation)).ToList();
        await LetQuestionsGoAsync();

        await first;
        var answers = await Task.WhenAll(others);
        answers.Should().AllBeEquivalentTo(answers[0]);
        (_statements.Questions - before).Should().Be(2);
    }

    [Fact]
    public async Task Readers_that_poll_together_share_their_questions()
    {
        var before = _statements.Questions;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(
            async () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    await _store.GetSettledBoundAsync(Cancellation);
                }
            },
            Cancellation)));

        (_statements.Questions - before).Should().BeInRange(20, 300, "there were 1,000 callers, 50 at a time");
    }

    [Fact]
    public async Task However_many_call_there_is_one_question_at_a_time()
    {
        // A second one at the same time would take a second connection.
        const string Name = "one question";
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(_feed.ConnectionString) { ApplicationName = Name });
        var store = new PostgresEventStore(source, _feed.Options);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                for (var i = 0; i < 2_000; i++)
                {
                    await store.GetSettledBoundAsync(Cancellation);
                }
            },
            Cancellation)));

        (await source.ScalarAsync<long>($"select count(*) from pg_stat_activity where application_name = '{Name}'"))
            .Should().Be(1);
    }

    [Fact]
    public async Task No_answer_is_older_than_its_call()
    {
        await StopQuestionsAsync();
        var early = _store.GetSettledBoundAsync(Cancellation);
        await _feed.UntilSessionsWaitAsync();

        // The early question has read the sequence; an answer to it is too old for whoever asks from now on.
        await _keeper.ExecuteAsync("select setval('event_store.positions', 1000)");
        await _keeper.ExecuteAsync(
            "insert into event_store.events "
            + "select 1000, stream_key, version + 1, schema_version, occurred_at, recorded_at, gen_random_uuid(), "
            + "event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, "
            + "correlation_id, metadata, payload from event_store.events");
        var late = _store.GetSettledBoundAsync(Cancellation);
        await LetQuestionsGoAsync();

        (await early).Value.Should().BeLessThan(1000);
        (await late).Value.Should().Be(1000);
    }

    [Fact]
    public async Task A_caller_that_gives_up_does_not_disturb_the_others()
    {
        await StopQuestionsAsync();
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = _store.InspectFeedAsync(impatience.Token);
        await _feed.UntilSessionsWaitAsync();
        var queued = _store.InspectFeedAsync(impatience.Token);
        var patient = _store.InspectFeedAsync(Cancellation);
        await impatience.CancelAsync();
        await running.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        await queued.Invoking(task => task).Should().ThrowAsync<OperationCanceledException>();
        await LetQuestionsGoAsync();

        (await patient).HolderPid.Should().BeNull();
    }

    [Fact]
    public async Task A_question_that_fails_fails_its_askers_and_nobody_else()
    {
        await StopQuestionsAsync();
        var failing = _store.InspectFeedAsync(Cancellation);
        await _feed.UntilSessionsWaitAsync();
        var next = _store.InspectFeedAsync(Cancellation);
        await using (var session = await _feed.OpenSessionAsync())
        {
            await _feed.TerminateAsync(await session.ScalarAsync<int>(
                "select l.pid from pg_locks l join pg_stat_activity a using (pid) "
                + "where not l.granted and a.datname = current_database()"));
        }

        await failing.Invoking(task => task).Should().ThrowAsync<StoreUnavailableException>();
        await LetQuestionsGoAsync();
        (await next).Bound.Value.Should().BePositive();
    }

    [Fact]
    public async Task After_questions_that_failed_the_next_one_works()
    {
        await _keeper.ExecuteAsync("alter function event_store.settled_bound() rename to hidden");
        for (var i = 0; i < 3; i++)
        {
            await _store.Invoking(store => store.InspectFeedAsync(Cancellation))
                .Should().ThrowAsync<StoreSchemaException>();
        }

        await _keeper.ExecuteAsync("alter function event_store.hidden() rename to settled_bound");
        (await _store.InspectFeedAsync(Cancellation)).Bound.Value.Should().BePositive();
    }

    private Task StopQuestionsAsync() =>
        _keeper.ExecuteAsync("begin; lock table event_store.store in access exclusive mode");

    private Task LetQuestionsGoAsync() => _keeper.ExecuteAsync("commit");

    /// <summary>Counts the questions that the driver sends.</summary>
    private sealed class StatementLog : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _executed = new();

        public int Questions => _executed.Count;

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            if (text.StartsWith("Executing", StringComparison.Ordinal)
                && text.Contains("settled_bound()", StringComparison.Ordinal))
            {
                _executed.Enqueue(text);
            }
        }
    }
}
