using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Guards;

/// <summary>What roles may do that were set up with the schema's own functions.</summary>
public sealed class PrivilegeTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static readonly StreamId Stream = new("order", "1");

    public static TheoryData<string> ForbiddenToWriters => new(
        "update {s}.events set payload = '{}'",
        "delete from {s}.events",
        "truncate {s}.events",
        "update {s}.event_ids set version = version + 1",
        "delete from {s}.event_ids",
        "truncate {s}.event_ids",
        "delete from {s}.streams",
        "truncate {s}.streams",
        "update {s}.store set recorded_floor = '-infinity'",
        "update {s}.store set epoch = epoch + 1",
        "select setval('{s}.positions', 1)",
        "alter table {s}.events disable trigger user",
        "drop table {s}.events",
        "delete from {s}.leases",
        "insert into {s}.tiles values (0, 0, sha256('a'))",
        "insert into {s}.tree_heads values (1, sha256('a'), 2, 1, now())",
        "update {s}.tree_heads set note = 'a'",
        "delete from {s}.access_log",
        "create table {s}.mine (id int)");

    public static TheoryData<string> ForbiddenToReaders => new(WritingCalls.Keys);

    private static Dictionary<string, Func<TestStore, Task>> WritingCalls { get; } = new(StringComparer.Ordinal)
    {
        ["append"] = store => store.Store.AppendAsync(Stream, Some.Events(Stream, 1), 2),
        ["append to several streams"] = store => store.Store.AppendAsync(
            [Some.Append(Stream), Some.Append(Some.Stream())]),
        ["append to a new stream"] = store => store.Store.AppendAsync([Some.Append(Some.Stream())]),
        ["snapshot"] = store => store.Snapshots.SaveAsync(Stream, 2, "state"),
        ["acquire"] = store => store.Leases.TryAcquireAsync("lease", "owner", TimeSpan.FromSeconds(1)),
        ["claim"] = store => store.Checkpoints.ClaimAsync("consumer", "owner"),
    };

    [Fact]
    public async Task A_writer_appends_reads_and_keeps_snapshots_and_checkpoints()
    {
        await using var role = await TestRole.CreateAsync(database);
        var store = await StoreAsync(role, "grant_writer");
        var writer = store.Reopen(role.DataSource);

        await writer.Store.AppendAsync(Stream, Some.Events(Stream, 2), 2);
        await writer.Store.AppendAsync([Some.Append(Stream), Some.Append(Some.Stream())]);
        await writer.Snapshots.SaveAsync(Stream, 5, "state");
        await writer.Snapshots.SaveAsync(Stream, 6, "later state");
        var claim = await writer.Checkpoints.ClaimAsync("consumer", "owner");
        await writer.Checkpoints.SaveAsync(
            claim, new Checkpoint(new Position(3), await writer.Store.GetIdentityAsync()));

        var lease = await writer.Leases.TryAcquireAsync("lease", "owner", TimeSpan.FromMinutes(30));
        await writer.Leases.ReleaseAsync(await writer.Leases.RenewAsync(lease!, TimeSpan.FromMinutes(1)));

        (await writer.Store.LoadAsync(Stream)).Should().HaveCount(5);
        (await writer.FeedAsync()).Should().HaveCount(6);
        (await writer.VerifyAsync(Stream)).IsValid.Should().BeTrue();
        (await writer.Snapshots.LoadLatestAsync<string>(Stream))!.State.Should().Be("later state");
        (await writer.Checkpoints.LoadAsync("consumer"))!.Position.Should().Be(new Position(3));
        await writer.ExecuteAsync(
            "insert into {s}.access_log (actor, access_kind) values ('alice', 'read'); select {s}.publish_bound()");
    }

    [Fact]
    public async Task A_writer_repeats_an_append_and_learns_of_conflicts()
    {
        await using var role = await TestRole.CreateAsync(database);
        var store = await StoreAsync(role, "grant_writer");
        var writer = store.Reopen(role.DataSource);
        var events = Some.Events(Stream, 2);
        var first = await writer.Store.AppendAsync(Stream, events, 2);

        (await writer.Store.AppendAsync(Stream, events, 2)).Should().Be(first with { WasRepeated = true });
        (await Assert.ThrowsAsync<ConcurrencyException>(
            () => writer.Store.AppendAsync(Stream, Some.Events(Stream, 1), 2)))
            .ActualVersion.Should().Be(4);
    }

    [Theory]
    [MemberData(nameof(ForbiddenToWriters))]
    public async Task A_writer_cannot_change_events_even_when_the_owner_switched_the_triggers_off(string statement)
    {
        await using var role = await TestRole.CreateAsync(database);
        var store = await StoreAsync(role, "grant_writer");
        await store.ExecuteAsync(
            """
            alter table {s}.events disable trigger user;
            alter table {s}.event_ids disable trigger user;
            alter table {s}.streams disable trigger user
            """);
        var before = await store.ContentAsync();

        var refusal = await Assert.ThrowsAsync<PostgresException>(
            () => store.Reopen(role.DataSource).ExecuteAsync(statement));

        refusal.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task A_reader_reads_everything()
    {
        await using var role = await TestRole.CreateAsync(database);
        var store = await StoreAsync(role, "grant_reader");
        await store.Snapshots.SaveAsync(Stream, 2, "state");
        var reader = store.Reopen(role.DataSource);

        (await reader.Store.LoadAsync(Stream)).Should().HaveCount(2);
        (await reader.FeedAsync()).Should().HaveCount(2);
        (await reader.VerifyAsync(Stream)).IsValid.Should().BeTrue();
        (await reader.Store.GetIdentityAsync()).Should().Be(await store.Store.GetIdentityAsync());
        (await reader.Snapshots.LoadLatestAsync<string>(Stream))!.State.Should().Be("state");
        (await reader.Checkpoints.LoadAsync("consumer")).Should().BeNull();
        await reader.Schema.CheckAsync();
    }

    [Theory]
    [MemberData(nameof(ForbiddenToReaders))]
    public async Task A_reader_is_denied_every_write_with_a_typed_error_that_names_the_grant(string call)
    {
        await using var role = await TestRole.CreateAsync(database);
        var store = await StoreAsync(role, "grant_reader");
        var before = await store.ContentAsync();

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => WritingCalls[call](store.Reopen(role.DataSource)));

        refusal.IsTransient.Should().BeFalse();
        refusal.Message.Should().Contain("grant_writer");
        refusal.InnerException.Should().BeOfType<PostgresException>()
            .Which.SqlState.Should().Be(PostgresErrorCodes.InsufficientPrivilege);
        (await store.ContentAsync()).Should().Be(before);
        (await store.FloorLocksAsync()).Should().Be(0);
    }

    [Fact]
    public async Task A_role_without_a_grant_sees_nothing()
    {
        await using var role = await TestRole.CreateAsync(database);
        var store = await database.NewStoreAsync();

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => store.Reopen(role.DataSource).Store.LoadAsync(Stream));

        refusal.Message.Should().Contain("grant_reader");
        refusal.IsAccessDenied.Should().BeTrue();
    }

    [Fact]
    public async Task Who_may_not_read_or_has_no_tables_does_not_find_a_store_tampered_with()
    {
        await using var role = await TestRole.CreateAsync(database);
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync(Stream, Some.Events(Stream, 2), 0);
        var denied = store.Reopen(role.DataSource);
        var ledger = new PostgresLedgerStore(role.DataSource, store.Options);
        var verifier = new StoreVerifier(VerifiedRoles.Of(denied.Store, ledger));

        (await Assert.ThrowsAsync<StoreOperationException>(() => verifier.VerifyAsync()))
            .IsAccessDenied.Should().BeTrue();
        (await Assert.ThrowsAsync<StoreOperationException>(() => verifier.VerifyStreamAsync(Stream)))
            .IsAccessDenied.Should().BeTrue();

        // The feed can be read, the log cannot: a grant from before the log was there.
        await store.ExecuteAsync(
            $"select {{s}}.grant_reader('{role.Name}'); revoke select on {{s}}.tree_heads from {role.Name}");
        (await Assert.ThrowsAsync<StoreOperationException>(() => verifier.VerifyAsync()))
            .IsAccessDenied.Should().BeTrue();
        await store.ExecuteAsync("alter table {s}.tree_heads rename to other_heads");
        var owner = new StoreVerifier(VerifiedRoles.Of(
            store.Store, new PostgresLedgerStore(store.DataSource, store.Options)));
        await Assert.ThrowsAsync<StoreSchemaException>(() => owner.VerifyAsync());
    }

    // A store with two events and a role that was granted something in it.
    private async Task<TestStore> StoreAsync(TestRole role, string grant)
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync(Stream, Some.Events(Stream, 2), 0);
        await store.ExecuteAsync($"select {{s}}.{grant}('{role.Name}')");
        return store;
    }
}
