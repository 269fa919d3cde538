using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Partitions;

[Trait("Row", "I02")]
public sealed class PartitionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task This_month_and_the_months_ahead_have_partitions_of_a_calendar_month_in_utc()
    {
        var store = await database.NewStoreAsync(options => options.MonthsAhead = 5);

        var end = await store.Schema.EnsurePartitionsAsync();

        var months = Enumerable.Range(0, 6).Select(Month.Ahead).ToArray();
        (await Month.PartitionsAsync(store)).Should().Equal(months.Select(month => month.Partition));
        (await Month.BoundsAsync(store)).Should().Equal(
            months.Select(month => month.Bounds));
        end.Should().Be(months[^1].End);
    }

    [Fact]
    public async Task Partitions_are_made_in_utc_whatever_the_time_zone_and_date_style_of_the_session()
    {
        await using var elsewhere = NpgsqlDataSource.Create(database.With(connection =>
        {
            connection.Timezone = "Pacific/Kiritimati";
            connection.Options = "-c DateStyle=SQL,DMY";
        }));

        var store = await TestStore.CreateAsync(elsewhere, database.NewSchemaName());

        (await Month.BoundsAsync(store.Reopen(database.DataSource)))
            .Should().Equal(Enumerable.Range(0, 4).Select(ahead => Month.Ahead(ahead).Bounds));
    }

    [Fact]
    public async Task Sessions_that_make_partitions_at_the_same_time_make_each_once()
    {
        var store = await database.NewStoreAsync();
        var ambitious = store.Reopen(configure: options => options.MonthsAhead = 24);

        var ends = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ambitious.Schema.EnsurePartitionsAsync()));

        ends.Should().AllBeEquivalentTo(Month.Ahead(24).End);
        (await Month.PartitionsAsync(store)).Should().HaveCount(25).And.OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_append_makes_the_partition_that_is_missing(int streams)
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync($"drop table {{s}}.{Month.Ahead(0).Partition}");
        var appends = Enumerable.Range(0, streams).Select(_ => Some.Append(Some.Stream(), 2)).ToArray();

        var results = await store.Store.AppendAsync(appends);

        results.Should().OnlyContain(result => result.Version == new StreamVersion(2) && !result.WasRepeated);
        (await Month.PartitionsAsync(store)).Should().Contain(Month.Ahead(0).Partition);
        (await store.FeedAsync()).Select(envelope => envelope.Id)
            .Should().Equal(appends.SelectMany(append => append.Events).Select(envelope => envelope.Id));
    }

    [Fact]
    public async Task Without_the_right_to_make_the_missing_partition_the_append_is_refused_and_nothing_is_written()
    {
        var store = await database.NewStoreAsync();
        await using var role = await TestRole.CreateAsync(database);
        await store.ExecuteAsync(
            $"select {{s}}.grant_writer('{role.Name}'); drop table {{s}}.{Month.Ahead(0).Partition}");
        var before = await store.ContentAsync();
        var stream = Some.Stream();

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => store.Reopen(role.DataSource).Store.AppendAsync(stream, Some.Events(stream, 1), 0));

        refusal.Message.Should().Contain("ensure_partitions");
        (await store.ContentAsync()).Should().Be(before);
        (await store.FloorLocksAsync()).Should().Be(0);
    }

    [Fact]
    public async Task In_a_callers_transaction_a_missing_partition_is_refused_with_advice_and_nothing_is_written()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync($"drop table {{s}}.{Month.Ahead(0).Partition}");
        var before = await store.ContentAsync();
        await using (var connection = await database.DataSource.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();

            var refusal = await Assert.ThrowsAsync<StoreOperationException>(
                () => store.Store.AppendAsync([Some.Append(Some.Stream())], transaction));

            refusal.Message.Should().Contain("EnsurePartitionsAsync");
        }

        (await store.ContentAsync()).Should().Be(before);
    }

    [Theory]
    [InlineData(121)]
    [InlineData(-1)]
    public async Task Months_ahead_outside_of_ten_years_are_refused(int months)
    {
        var store = await database.NewStoreAsync();
        var partitions = await Month.PartitionsAsync(store);

        var refusal = await Assert.ThrowsAsync<PostgresException>(
            () => store.ExecuteAsync($"select {{s}}.ensure_partitions({months})"));

        refusal.SqlState.Should().Be(PostgresErrorCodes.InvalidParameterValue);
        (await Month.PartitionsAsync(store)).Should().Equal(partitions);
    }
}
