using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Schema;

/// <summary>What a call says when there is no store, or no database.</summary>
public sealed class MissingStoreTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static readonly StreamId Stream = new("order", "1");

    public static TheoryData<string> Calls => new(AllCalls.Keys);

    private static Dictionary<string, Func<NpgsqlDataSource, PostgresOptions, Task>> AllCalls { get; } =
        new(StringComparer.Ordinal)
        {
            ["append"] = (source, options) => Store(source, options).AppendAsync(Stream, Some.Events(Stream, 1), 0),
            ["append to several streams"] = (source, options) =>
                Store(source, options).AppendAsync([Some.Append(Stream), Some.Append(Some.Stream())]),
            ["append nothing"] = (source, options) => Store(source, options).AppendAsync(Stream, [], 0),
            ["load"] = (source, options) => Store(source, options).LoadAsync(Stream),
            ["exists"] = (source, options) => Store(source, options).ExistsAsync(Stream),
            ["head"] = (source, options) => Store(source, options).GetHeadAsync(Stream),
            ["read stream"] = async (source, options) =>
                await StreamVerifier.VerifyAsync(Stream, Store(source, options).ReadStreamAsync(Stream)),
            ["feed"] = (source, options) => Store(source, options).ReadFeedPageAsync(Position.Start),
            ["settled bound"] = (source, options) => Store(source, options).GetSettledBoundAsync(),
            ["identity"] = (source, options) => Store(source, options).GetIdentityAsync(),
            ["save snapshot"] = (source, options) =>
                new PostgresSnapshotStore(source, options).SaveAsync(Stream, 1, "state"),
            ["load snapshot"] = (source, options) =>
                new PostgresSnapshotStore(source, options).LoadLatestAsync<string>(Stream),
            ["claim checkpoint"] = (source, options) =>
                new PostgresCheckpointStore(source, options).ClaimAsync("c", "o"),
            ["load checkpoint"] = (source, options) => new PostgresCheckpointStore(source, options).LoadAsync("c"),
            ["make partitions"] = (source, options) => new PostgresSchema(source, options).EnsurePartitionsAsync(),
            ["check"] = (source, options) => new PostgresSchema(source, options).CheckAsync(),
        };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Without_a_schema_the_error_says_to_migrate(string call)
    {
        var options = new PostgresOptions { Schema = database.NewSchemaName() };

        var refusal = await Assert.ThrowsAsync<StoreSchemaException>(
            () => AllCalls[call](database.DataSource, options));

        refusal.FoundVersion.Should().Be(0);
        refusal.SupportedVersion.Should().Be(PostgresSchema.SupportedVersion);
        refusal.Message.Should().Contain("MigrateAsync");
        (await database.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_namespace where nspname = '{options.Schema}')")).Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Without_a_database_the_error_says_what_to_check_and_that_it_may_pass(string call)
    {
        await using var nowhere = NpgsqlDataSource.Create(
            database.With(connection => connection.Host = "/nonexistent"));
        var options = new PostgresOptions { MaxRetries = 1, RetryDelay = TimeSpan.FromMilliseconds(1) };

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => AllCalls[call](nowhere, options));

        failure.IsTransient.Should().BeTrue();
        failure.Message.Should().Contain("Check that the server runs");
        failure.InnerException.Should().NotBeNull();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_store_that_has_lost_its_row_appends_nothing(int events)
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync("delete from {s}.store");

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => store.Store.AppendAsync(Stream, Some.Events(Stream, events), 0));

        // Without the row nothing would hold back the feed.
        refusal.InnerException.Should().BeOfType<PostgresException>()
            .Which.SqlState.Should().Be(PostgresErrorCodes.NoDataFound);
        (await store.ContentAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Without_a_database_a_migration_says_what_to_check()
    {
        await using var nowhere = NpgsqlDataSource.Create(
            database.With(connection => connection.Host = "/nonexistent"));

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => new PostgresSchema(nowhere).MigrateAsync());

        failure.Message.Should().Contain("Check that the server runs");
    }

    private static PostgresEventStore Store(NpgsqlDataSource dataSource, PostgresOptions options) =>
        new(dataSource, options);
}
