using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>A standby that is behind has lost nothing: who asks it is told to ask again.</summary>
public sealed class StandbyProofsTests
{
    [Fact]
    public async Task A_proof_that_needs_tiles_which_a_standby_does_not_have_yet_is_to_be_asked_for_again()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var dataSource = NpgsqlDataSource.Create(primary.ConnectionString());
        var random = SeededRandom.Create();
        using var log = await TestLog.CreateAsync(await TestStore.CreateAsync(dataSource, "proofs"));
        var before = TreeHead.Parse((await log.GrowAsync(40, random)).Note!.Text);
        await using var standby = await primary.StartStandbyAsync();
        await using var standbySource = NpgsqlDataSource.Create(standby.ConnectionString());
        using var copy = log.In(log.Store.Reopen(standbySource));
        await log.CaughtUpAsync(copy);
        await copy.Store.ExecuteAsync("select pg_wal_replay_pause()");
        await Eventually.TrueAsync(
            () => copy.Store.ScalarAsync<bool>("select pg_get_wal_replay_pause_state() = 'paused'"));

        var head = TreeHead.Parse((await log.GrowAsync(40, random)).Note!.Text);
        var last = (await log.Store.FeedAsync())[^1];

        // As a data source of several servers answers: what is asked first by one, what is asked next by another.
        var mixed = new LedgerProofs(new StepLedger(log.Ledger, tiles: copy.Ledger));
        foreach (var early in new Func<Task>[]
        {
            () => mixed.ProveEventAsync(last.Id),
            () => mixed.ProveConsistencyAsync(before, head),
            () => copy.Proofs.ProveConsistencyAsync(before, head),
        })
        {
            var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(early);
            refusal.Message.Should().Contain("standby has 40 leaves").And.Contain("tile/0/000.p/80");
            refusal.IsTransient.Should().BeTrue();
        }

        (await copy.Proofs.ProveEventAsync(last.Id)).Should().BeNull("the event is not there yet either");
        await copy.Store.ExecuteAsync("select pg_wal_replay_resume()");
        await log.CaughtUpAsync(copy);
        (await mixed.ProveEventAsync(last.Id))!.Verify(last, TestLog.Origin, log.Keys).Should().Be(EventProofVerdict.Valid);
        await copy.Proofs.ProveConsistencyAsync(before, head);

        // What is gone from under a head that the standby has was lost, there as well.
        await log.Store.ExecuteAsync(
            "set session_replication_role = replica; delete from {s}.tiles; reset session_replication_role");
        await log.CaughtUpAsync(copy);
        await Assert.ThrowsAsync<LogDivergedException>(() => copy.Proofs.ProveEventAsync(last.Id));
    }
}
