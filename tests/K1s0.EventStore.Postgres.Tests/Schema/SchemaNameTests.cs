namespace K1s0.EventStore.Postgres.Tests.Schema;

[Trait("Row", "I17")]
public sealed class SchemaNameTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    public static TheoryData<string> OddNames => new(
        "My Schema",
        "UPPER",
        "select",
        "a.b",
        "a@b:c",
        "semi;colon",
        "x; drop table public.canary; --",
        "/* comment",
        "-- comment",
        "100%I %s %%",
        "[brackets]",
        "caf\u00e9 \u5e97 \ud83d\udce6",
        "tick`s");

    public static TheoryData<string> RefusedNames => new(
        string.Empty,
        new string('x', SchemaName.MaxBytes + 1),
        new string('\u00e9', 32),
        "pg_catalog",
        "pg_x",
        "quote\"d",
        "apostrophe's",
        "back\\slash",
        "dollar$",
        "$1",
        "{schema}",
        "brace}",
        "tab\there",
        "line\nbreak",
        "nul\0",
        "next\u0085line",
        "lone\ud800surrogate",
        "x\"; drop table public.canary; --",
        "x'; drop table public.canary; --",
        "x$$; drop table public.canary; --");

    [Theory]
    [MemberData(nameof(OddNames))]
    public async Task A_store_works_under_any_name_that_is_accepted(string name)
    {
        await MakeCanaryAsync();
        var store = await database.NewStoreAsync(schema: name);
        var stream = Some.Stream();

        await store.Store.AppendAsync([Some.Append(stream, 2), Some.Append(Some.Stream())]);
        await store.Store.AppendAsync(stream, [Some.Event(stream)], 2);
        await store.Snapshots.SaveAsync(stream, 3, "state");
        await store.Checkpoints.ClaimAsync("consumer", "owner");

        await store.Schema.CheckAsync();
        (await store.Schema.EnsurePartitionsAsync()).Should().BeAfter(DateTimeOffset.UtcNow);
        (await store.Store.LoadAsync(stream)).Should().HaveCount(3);
        (await store.FeedAsync()).Should().HaveCount(4);
        (await store.VerifyAsync(stream)).IsValid.Should().BeTrue();
        (await database.DataSource.ColumnAsync<string>("select nspname::text from pg_namespace"))
            .Should().Contain(name);
        await CanaryLivesAsync();
    }

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public async Task A_name_that_could_be_misread_is_refused_before_anything_is_sent(string name)
    {
        await MakeCanaryAsync();
        var schemas = await database.DataSource.ColumnAsync<string>(
            "select nspname::text from pg_namespace order by 1");
        var options = new PostgresOptions { Schema = name };

        Assert.Throws<ArgumentException>(() => new SchemaName(name)).ParamName.Should().Be("value");
        Assert.Throws<ArgumentException>(() => new PostgresSchema(database.DataSource, options));
        Assert.Throws<ArgumentException>(() => new PostgresEventStore(database.DataSource, options));
        Assert.Throws<ArgumentException>(() => new PostgresSnapshotStore(database.DataSource, options));
        Assert.Throws<ArgumentException>(() => new PostgresCheckpointStore(database.DataSource, options));
        Assert.Throws<ArgumentException>(() => new PostgresHealthCheck(database.DataSource, options));

        (await database.DataSource.ColumnAsync<string>("select nspname::text from pg_namespace order by 1"))
            .Should().Equal(schemas);
        await CanaryLivesAsync();
    }

    [Fact]
    public async Task Two_names_of_63_bytes_that_differ_in_the_last_one_are_two_stores()
    {
        var prefix = new string('\u00e9', 31);
        var first = await database.NewStoreAsync(schema: prefix + "1");
        var second = await database.NewStoreAsync(schema: prefix + "2");
        var stream = Some.Stream();

        await first.Store.AppendAsync(stream, Some.Events(stream, 2), 0);

        (await second.Store.ExistsAsync(stream)).Should().BeFalse();
        (await first.Store.GetIdentityAsync()).Should().NotBe(await second.Store.GetIdentityAsync());
        await second.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        (await first.Store.LoadAsync(stream)).Should().HaveCount(2);
    }

    private async Task MakeCanaryAsync()
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            select pg_advisory_lock(1);
            create table if not exists public.canary (sings boolean);
            select pg_advisory_unlock(1)
            """);
    }

    private async Task CanaryLivesAsync() =>
        (await database.DataSource.ScalarAsync<bool>("select to_regclass('public.canary') is not null"))
            .Should().BeTrue();
}
