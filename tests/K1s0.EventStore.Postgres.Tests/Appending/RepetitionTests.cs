using K1s0.EventStore.Postgres.Tests.Partitions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Appending;

/// <summary>The same envelopes again, also with the answer to an earlier attempt missing.</summary>
[Trait("Row", "I01")]
public sealed class RepetitionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Of_an_append_to_several_streams_that_is_stored_in_part_the_stored_id_is_named()
    {
        var store = await database.NewStoreAsync();
        var (stored, @new) = (Some.Append(Some.Stream(), 2), Some.Append(Some.Stream()));
        await store.Store.AppendAsync([stored]);
        var before = await store.ContentAsync();

        foreach (var appends in new[] { new[] { stored, @new }, [@new, stored] })
        {
            var refusal = await Assert.ThrowsAsync<EventIdReusedException>(() => store.Store.AppendAsync(appends));

            refusal.EventId.Should().Be(stored.Events[0].Id);
        }

        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    [Trait("PeerBug", "B18")]
    public async Task After_its_sessions_were_ended_by_the_server_an_append_is_repeated_on_a_new_one()
    {
        await using var source = SessionsOf("interrupted writer");
        var store = await TestStore.CreateAsync(source, database.NewSchemaName());
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await EndSessionsAsync("interrupted writer");

        var result = await store.Store.AppendAsync(stream, Some.Events(stream, 1), 1);

        result.Version.Value.Should().Be(2);
        result.WasRepeated.Should().BeFalse();
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(2);
    }

    [Fact]
    public async Task Without_retries_an_append_over_an_ended_session_is_of_unknown_outcome_and_settled_by_the_caller()
    {
        await using var source = SessionsOf("hasty writer");
        var store = await TestStore.CreateAsync(source, database.NewSchemaName(), options => options.MaxRetries = 0);
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        var events = Some.Events(stream, 2);
        await EndSessionsAsync("hasty writer");

        var unknown = await Assert.ThrowsAsync<AppendOutcomeUnknownException>(
            () => store.Store.AppendAsync(stream, events, 1));

        unknown.IsTransient.Should().BeTrue();
        unknown.Appends.Should().ContainSingle();
        unknown.Appends[0].StreamId.Should().Be(stream);
        unknown.Appends[0].Events.Should().Equal(events);
        unknown.Appends[0].Expected.Should().Be(ExpectedVersion.Exactly(new StreamVersion(1)));
        (await store.Store.AppendAsync(unknown.Appends))[0].Version.Value.Should().Be(3);
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(3);
    }

    [Fact]
    public async Task When_the_next_attempt_cannot_even_be_prepared_the_outcome_of_the_first_stays_unknown()
    {
        var store = await database.NewStoreAsync();
        await using var role = await TestRole.CreateAsync(database);
        await store.ExecuteAsync($"select {{s}}.grant_writer('{role.Name}')");
        await using var source = NpgsqlDataSource.Create(database.With(connection =>
        {
            (connection.ApplicationName, connection.MaxPoolSize) = ("denied writer", 1);
            connection.Options = $"-c role={role.Name}";
        }));
        var writer = store.Reopen(source);
        var stream = Some.Stream();
        await writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await store.ExecuteAsync($"drop table {{s}}.{Month.Ahead(0).Partition}");
        await EndSessionsAsync("denied writer");

        // The first attempt meets the ended session; the second needs a partition that the role may not make.
        var unknown = await Assert.ThrowsAsync<AppendOutcomeUnknownException>(
            () => writer.Store.AppendAsync(stream, Some.Events(stream, 1), 1));

        unknown.InnerException.Should().BeOfType<StoreOperationException>();
        await store.Schema.EnsurePartitionsAsync();
        (await writer.Store.AppendAsync(unknown.Appends))[0].Version.Value.Should().Be(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whatever_ends_a_later_attempt_the_outcome_of_the_first_stays_unknown(bool isCancelled)
    {
        var isLater = false;
        using var cancellation = new CancellationTokenSource();
        var builder = new NpgsqlDataSourceBuilder(database.With(connection =>
            (connection.ApplicationName, connection.MaxPoolSize) = ("unlucky writer", 1)));
        builder.UsePhysicalConnectionInitializer(_ => { }, async _ =>
        {
            if (isLater)
            {
                await cancellation.CancelAsync();
                if (!isCancelled)
                {
                    throw new NotSupportedException("the application's own initialiser fails");
                }
            }
        });
        await using var source = builder.Build();
        var store = await TestStore.CreateAsync(source, database.NewSchemaName());
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await EndSessionsAsync("unlucky writer");
        isLater = true;

        // The first attempt meets the ended session; the second one ends before it has sent anything.
        var unknown = await Assert.ThrowsAsync<AppendOutcomeUnknownException>(
            () => store.Store.AppendAsync(stream, Some.Events(stream, 1), 1, cancellation.Token));

        if (isCancelled)
        {
            unknown.InnerException.Should().BeAssignableTo<OperationCanceledException>();
        }
        else
        {
            unknown.InnerException.Should().BeOfType<NotSupportedException>();
        }

        isLater = false;
        (await store.Store.AppendAsync(unknown.Appends))[0].Version.Value.Should().Be(2);
    }

    [Fact]
    public async Task An_append_that_is_cancelled_by_an_operator_while_it_waits_for_a_lock_is_repeated()
    {
        await using var source = SessionsOf("patient writer");
        var store = await TestStore.CreateAsync(source, database.NewSchemaName());
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await using var locker = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await locker.BeginTransactionAsync();
        await locker.ExecuteAsync(store.Named("select from {s}.streams for update"));

        var append = store.Store.AppendAsync(stream, Some.Events(stream, 1), 1);
        await Eventually.TrueAsync(() => database.DataSource.ScalarAsync<bool>(
            """
            select coalesce(bool_or(pg_cancel_backend(pid)), false) from pg_stat_activity
            where application_name = 'patient writer' and wait_event_type = 'Lock'
            """));
        await transaction.RollbackAsync();

        (await append).Version.Value.Should().Be(2);
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(2);
    }

    // One session, so that the one that was used before is the one that is used next.
    private NpgsqlDataSource SessionsOf(string application) => NpgsqlDataSource.Create(database.With(connection =>
        (connection.ApplicationName, connection.MaxPoolSize) = (application, 1)));

    private Task EndSessionsAsync(string application) => database.DataSource.ExecuteAsync(
        $"select pg_terminate_backend(pid, 60000) from pg_stat_activity where application_name = '{application}'");
}
