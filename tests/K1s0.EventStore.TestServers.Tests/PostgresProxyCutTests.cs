using FluentAssertions.Execution;
using Npgsql;

namespace K1s0.EventStore.TestServers.Tests;

/// <summary>Every place at which a conversation can be cut, and what is there afterwards.</summary>
public sealed class PostgresProxyCutTests(PostgresProxyFixture fixture) : IClassFixture<PostgresProxyFixture>
{
    [Fact]
    public async Task An_insert_is_recorded_message_by_message()
    {
        var conversation = await RecordAsync(InsertAsync);

        Sent(conversation).Should().Equal("Parse", "Bind", "Describe", "Execute", "Sync");
        Answered(conversation).Should().Equal(
            "ParseComplete", "BindComplete", "NoData", "CommandComplete", "ReadyForQuery");
    }

    [Theory]
    [InlineData(CutManner.Reset)]
    [InlineData(CutManner.Close)]
    public async Task Every_cut_of_an_insert_fails_and_the_row_is_there_exactly_when_the_server_had_all_of_it(
        CutManner manner)
    {
        var conversation = await RecordAsync(InsertAsync);
        var plans = CutPlan.EveryCutOf(conversation, manner);
        plans.Should().HaveCount((5 * 3) + (5 * 2));

        var written = await CutEverywhereAsync(plans, conversation, InsertAsync);

        written.Should().Be(1 + 10, "the row is there after Sync, and after every cut among the answers");
    }

    [Fact]
    public async Task Every_cut_of_a_transaction_fails_and_the_row_is_there_exactly_when_the_server_had_the_commit()
    {
        var conversation = await RecordAsync(InsertInTransactionAsync);
        Sent(conversation).Should().Equal("Query", "Parse", "Bind", "Describe", "Execute", "Sync", "Query");
        Answered(conversation).Should().EndWith(["CommandComplete", "ReadyForQuery"]);

        var written = await CutEverywhereAsync(CutPlan.EveryCutOf(conversation), conversation, InsertInTransactionAsync);

        written.Should().Be(1 + 4, "only the commit, and the cuts among its two answers, leave the row");
    }

    [Fact]
    public async Task Every_cut_of_an_insert_that_is_answered_early_has_the_same_outcome()
    {
        // A notice is sent at once, while the rest of the request may still be under way.
        await Sql.ExecuteAsync(fixture.Direct, """
            CREATE OR REPLACE FUNCTION insert_loudly(new_id int) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
              RAISE NOTICE 'writing %', new_id;
              INSERT INTO written (id) VALUES (new_id);
            END $$
            """);
        var conversation = await RecordAsync(InsertLoudlyAsync);
        Answered(conversation).Should().Contain("NoticeResponse");

        var written = await CutEverywhereAsync(CutPlan.EveryCutOf(conversation), conversation, InsertLoudlyAsync);

        written.Should().Be(1 + (2 * Answered(conversation).Count()));
    }

    [Fact]
    public async Task A_swallowed_answer_is_known_to_the_proxy_alone()
    {
        var id = fixture.NextId();
        fixture.Proxy.Arm(new CutPlan(MessageDirection.Backend, 4, CutPoint.Before));

        await FluentActions.Awaiting(() => InsertAsync(id)).Should().ThrowAsync<NpgsqlException>();
        await fixture.Proxy.WaitForServerToFinishAsync();

        fixture.Proxy.Swallowed.Select(message => message.Name).Should().Equal("CommandComplete", "ReadyForQuery");
        (await fixture.IsWrittenAsync(id)).Should().BeTrue();
    }

    [Fact]
    public async Task A_cut_in_the_middle_of_a_large_message_leaves_nothing_and_without_a_cut_it_arrives_whole()
    {
        var body = new byte[1_000_000];
        new Random(20_240_229).NextBytes(body);
        var id = fixture.NextId();
        fixture.Proxy.Arm(new CutPlan(MessageDirection.Frontend, 2, CutPoint.Middle));

        await FluentActions.Awaiting(() => InsertAsync(id, body)).Should().ThrowAsync<NpgsqlException>();
        await fixture.Proxy.WaitForServerToFinishAsync();
        (await fixture.IsWrittenAsync(id)).Should().BeFalse();

        await InsertAsync(id, body);
        (await Sql.ScalarAsync<byte[]>(fixture.Proxy.ConnectionString, $"SELECT body FROM written WHERE id = {id}"))
            .Should().Equal(body);
    }

    [Fact]
    public async Task Nothing_is_waited_for_when_nothing_was_cut()
    {
        fixture.Proxy.Arm(new CutPlan(MessageDirection.Frontend, 1_000, CutPoint.Before));

        await InsertAsync(fixture.NextId());

        fixture.Proxy.HasCut.Should().BeFalse();
        await FluentActions.Awaiting(fixture.Proxy.WaitForServerToFinishAsync)
            .Should().ThrowAsync<InvalidOperationException>();
    }

    private static IEnumerable<string> Sent(IEnumerable<ProxyMessage> conversation) =>
        conversation.Where(message => message.Direction == MessageDirection.Frontend).Select(message => message.Name);

    private static IEnumerable<string> Answered(IEnumerable<ProxyMessage> conversation) =>
        conversation.Where(message => message.Direction == MessageDirection.Backend).Select(message => message.Name);

    private async Task<IReadOnlyList<ProxyMessage>> RecordAsync(Func<int, Task> write)
    {
        var id = fixture.NextId();
        fixture.Proxy.Record();
        await write(id);
        (await fixture.IsWrittenAsync(id)).Should().BeTrue();
        return fixture.Proxy.Conversation;
    }

    /// <summary>Repeats the write under every plan, checks each outcome, and returns how often the row was there.</summary>
    private async Task<int> CutEverywhereAsync(
        IReadOnlyList<CutPlan> plans, IReadOnlyList<ProxyMessage> conversation, Func<int, Task> write)
    {
        var lastRequest = conversation.Count(message => message.Direction == MessageDirection.Frontend);
        var writtenCount = 0;
        foreach (var plan in plans)
        {
            using var scope = new AssertionScope(plan.ToString());
            var id = fixture.NextId();

            // The session of the last retry ends by itself, when nobody waits for it any more.
            var earlier = await fixture.SessionsAsync();
            fixture.Proxy.Arm(plan);

            (await FluentActions.Awaiting(() => write(id)).Should().ThrowAsync<NpgsqlException>())
                .Which.Should().NotBeOfType<PostgresException>("the server has not refused anything");
            await fixture.Proxy.WaitForServerToFinishAsync();

            (await fixture.SessionsAsync()).Except(earlier).Should().BeEmpty();
            var isWritten = await fixture.IsWrittenAsync(id);
            isWritten.Should().Be(plan.LetsThrough(conversation, lastRequest));
            writtenCount += isWritten ? 1 : 0;

            // The plan is used up: the retry gets the server's own answer.
            var retry = await Record.ExceptionAsync(() => write(id));
            (retry as PostgresException)?.SqlState.Should().Be(PostgresErrorCodes.UniqueViolation);
            (retry is PostgresException).Should().Be(isWritten);
            (await fixture.IsWrittenAsync(id)).Should().BeTrue();
        }

        return writtenCount;
    }

    private Task InsertAsync(int id) => InsertAsync(id, []);

    private async Task InsertAsync(int id, byte[] body)
    {
        await using var command = fixture.Through.CreateCommand("INSERT INTO written (id, body) VALUES ($1, $2)");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = body });
        await command.ExecuteNonQueryAsync();
    }

    private async Task InsertLoudlyAsync(int id)
    {
        await using var command = fixture.Through.CreateCommand("SELECT insert_loudly($1)");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
        await command.ExecuteNonQueryAsync();
    }

    private async Task InsertInTransactionAsync(int id)
    {
        await using var connection = await fixture.Through.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("INSERT INTO written (id) VALUES ($1)", connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }
}
