using K1s0.EventStore.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>Projections inside the appends: events and tables are there together, or neither.</summary>
public sealed class InlineProjectionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_append_is_in_the_table_when_it_returns_and_a_repetition_changes_nothing()
    {
        var store = await database.NewStoreAsync();
        var inline = Open(store, new Balances(store.Name));
        var (first, second) = (Some.Stream(), Some.Stream());
        StreamAppend[] appends = [Some.Append(first, 3), Some.Append(second, 2)];

        await inline.AppendAsync(appends, Cancellation);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(appends.SelectMany(one => one.Events)));
        var again = await inline.AppendAsync(appends, Cancellation);
        await inline.AppendAsync(first, Some.Events(first, 1), expectedVersion: 3, Cancellation);

        again.Should().OnlyContain(result => result.WasRepeated);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task A_projection_that_fails_fails_the_append_and_nothing_is_written()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        var isBroken = false;
        var inline = Open(store, new Balances(
            store.Name, (_, _) => isBroken ? throw new HandlerBrokenException() : Task.CompletedTask));
        await inline.AppendAsync(stream, Some.Events(stream, 2), expectedVersion: 0, Cancellation);
        var (content, table) = (await store.ContentAsync(), await Balances.ReadAsync(store));
        isBroken = true;

        var failure = await Assert.ThrowsAsync<EventHandlingException>(
            () => inline.AppendAsync(stream, Some.Events(stream, 1), expectedVersion: 2, Cancellation));
        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => inline.AppendAsync(stream, Some.Events(stream, 1), expectedVersion: 1, Cancellation));

        failure.InnerException.Should().BeOfType<HandlerBrokenException>();
        conflict.ActualVersion.Should().Be(2);
        (await store.ContentAsync()).Should().Be(content);
        (await Balances.ReadAsync(store)).Should().Equal(table);
    }

    [Fact]
    public async Task An_error_of_the_server_that_a_projection_swallows_fails_the_append()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        var inline = Open(store, new Balances(store.Name, async (_, context) =>
        {
            await using var command = context.CreateCommand("select 1 / 0");
            await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(Cancellation));
        }));

        await Assert.ThrowsAsync<EventHandlingException>(
            () => inline.AppendAsync(stream, Some.Events(stream, 1), expectedVersion: 0, Cancellation));

        (await store.FeedAsync()).Should().BeEmpty();
        (await Balances.ReadAsync(store)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_warning_of_the_server_to_a_projection_says_nothing_about_the_commit()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        var inline = Open(store, new Balances(store.Name, async (_, context) =>
        {
            await using var command = context.CreateCommand("do $$ begin raise warning 'look here'; end $$");
            await command.ExecuteNonQueryAsync(Cancellation);
        }));

        var result = await inline.AppendAsync(stream, Some.Events(stream, 1), expectedVersion: 0, Cancellation);

        result.Version.Value.Should().Be(1);
        (await store.FeedAsync()).Should().ContainSingle();
    }

    [Fact]
    public async Task In_the_callers_transaction_a_failure_undoes_the_append_alone()
    {
        var store = await database.NewStoreAsync();
        var (good, bad) = (Some.Stream(), Some.Stream());
        var inline = Open(store, new Balances(store.Name, (events, _) =>
            events.Any(one => one.StreamId == bad) ? throw new HandlerBrokenException() : Task.CompletedTask));
        await using var connection = await store.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);

        await inline.AppendAsync([Some.Append(good, 2)], transaction, Cancellation);
        await Assert.ThrowsAsync<EventHandlingException>(
            () => inline.AppendAsync([Some.Append(bad, 2)], transaction, Cancellation));
        await inline.AppendAsync([Some.Append(good, 1)], transaction, Cancellation);
        (await Balances.ReadAsync(store)).Should().BeEmpty("the caller has not committed");
        await transaction.CommitAsync(Cancellation);

        (await store.FeedAsync()).Should().HaveCount(3).And.OnlyContain(one => one.StreamId == good);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task Sessions_that_are_killed_in_the_middle_leave_events_and_table_alike()
    {
        var store = await database.NewStoreAsync(options => options.MaxRetries = 5);
        var random = SeededRandom.Create();
        var inline = Open(store, new Balances(store.Name, async (_, context) =>
        {
            if (random.Next(4) == 0)
            {
                await store.DataSource.ExecuteAsync($"select pg_terminate_backend({context.Connection.ProcessID})");
            }
        }));
        var stream = Some.Stream();

        for (var version = 0; version < 20; version++)
        {
            await inline.AppendAsync(stream, Some.Events(stream, 1), expectedVersion: version, Cancellation);
        }

        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()))
            .And.ContainSingle().Which.Value.Events.Should().Be(20);
    }

    [Fact]
    public async Task No_append_is_lost_or_doubled_when_the_table_is_rebuilt_beside_many_writers()
    {
        var store = await database.NewStoreAsync();
        var projection = new Balances(store.Name);
        var inline = Open(store, projection);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(writer => WriteAsync(inline, writer, stop.Token)).ToArray();
        var rebuilder = new ProjectionRebuilder(
            store.DataSource, "balances", projection, store.Options, isInline: true);

        for (var round = 0; round < 5; round++)
        {
            await rebuilder.RebuildAsync(new RebuildOptions { BatchSize = 20 }, cancellationToken: Cancellation);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);

        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task The_container_gives_a_store_that_applies_what_was_registered()
    {
        var schema = database.NewSchemaName();
        var services = new ServiceCollection();
        services.AddSingleton(database.DataSource);
        services.AddSingleton(new Balances(schema));
        services.AddEventStore().UsePostgres(options => options.Schema = schema)
            .AddInlineProjection<Balances>("balances")
            .AddInlineProjection<Balances>("balances");
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<PostgresSchema>().MigrateAsync(Cancellation);
        var stream = Some.Stream();

        await provider.GetRequiredService<IEventStore>().AppendAsync(
            stream, Some.Events(stream, 4), cancellationToken: Cancellation);

        (await database.DataSource.ScalarAsync<long>($"select events from {schema}.balances")).Should().Be(4);
        (await provider.GetRequiredKeyedService<ProjectionRebuilder>("balances").RebuildAsync(
            cancellationToken: Cancellation)).Events.Should().Be(4);
    }

    private static PostgresEventStore Open(TestStore store, IProjection projection) =>
        new(store.DataSource, store.Options, inlineProjections: [projection]);

    private static async Task WriteAsync(PostgresEventStore store, int writer, CancellationToken stop)
    {
        // Two streams that all write to, and one of its own: rows of the table are contended.
        StreamId[] streams = [new("order", "shared-1"), new("order", "shared-2"), Some.Stream()];
        for (var count = writer; !stop.IsCancellationRequested; count++)
        {
            await store.AppendAsync([Some.Append(streams[count % streams.Length])], CancellationToken.None);
        }
    }
}
