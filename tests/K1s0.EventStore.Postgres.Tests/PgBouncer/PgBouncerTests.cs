using System.Collections.Concurrent;
using System.Security.Cryptography;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Transactions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace K1s0.EventStore.Postgres.Tests.Bouncing;

/// <summary>Behind a pooler in transaction mode no two statements need meet the same session.</summary>
public sealed class PgBouncerTests(BouncedDatabase database) : IClassFixture<BouncedDatabase>
{
    private const int Writers = 50;
    private const int AppendsEach = 4;

    [Fact]
    public async Task Every_role_of_the_store_works()
    {
        var store = await database.NewStoreAsync();
        var (stream, other) = (Some.Stream(), Some.Stream());
        var events = Some.Events(stream, 3);

        var first = await store.Store.AppendAsync(stream, events, 0);
        (await store.Store.AppendAsync(stream, events, 0)).Should().Be(first with { WasRepeated = true });
        await store.Store.AppendAsync([Some.Append(stream, 2), Some.Append(other)]);
        (await Assert.ThrowsAsync<ConcurrencyException>(
            () => store.Store.AppendAsync(stream, Some.Events(stream, 1), 3)))
            .ActualVersion.Should().Be(5);
        (await Assert.ThrowsAsync<EventIdReusedException>(
            () => store.Store.AppendAsync(other, [events[0] with { StreamId = other }])))
            .EventId.Should().Be(events[0].Id);
        await store.Snapshots.SaveAsync(stream, 5, "state");
        var claim = await store.Checkpoints.ClaimAsync("consumer", "owner");
        await store.Checkpoints.SaveAsync(
            claim, new Checkpoint(first.LastPosition, await store.Store.GetIdentityAsync()));
        var lease = await store.Leases.TryAcquireAsync("lease", "owner", TimeSpan.FromMinutes(30));
        lease = await store.Leases.RenewAsync(lease!, TimeSpan.FromMinutes(40));
        (await store.Leases.TryAcquireAsync("lease", "other", TimeSpan.FromMinutes(1))).Should().BeNull();
        await store.Leases.ReleaseAsync(lease);

        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(5);
        (await store.FeedAsync()).Should().HaveCount(6);
        (await store.FeedAsync(new FeedFilter { StreamPrefix = other.ToString() })).Should().ContainSingle();
        (await store.Snapshots.LoadLatestAsync<string>(stream))!.State.Should().Be("state");
        (await store.Checkpoints.LoadAsync("consumer"))!.Position.Should().Be(first.LastPosition);
        (await store.Schema.EnsurePartitionsAsync()).Should().BeAfter(DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task The_log_is_sealed_signed_and_proved()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = PemTreeHeadSigner.Create("example.com/log", key.ExportPkcs8PrivateKeyPem());
        var ledger = new PostgresLedgerStore(store.DataSource, store.Options);
        var sealer = new LogSealer(
            ledger, store.Leases, new LedgerOptions { Origin = "example.com/log", Signers = { signer } });
        for (var i = 0; i < 3; i++)
        {
            await store.Store.AppendAsync(stream, Some.Events(stream, 100));
            (await sealer.SealAsync()).Leaves.Should().Be(100);
            (await sealer.SignAsync())!.Size.Should().Be((i + 1) * 100);
        }

        var envelope = (await store.Store.LoadAsync(stream))[150];
        (await new LedgerProofs(ledger).ProveEventAsync(envelope.Id))!
            .Verify(envelope, "example.com/log", [signer.Key]).Should().Be(EventProofVerdict.Valid);
    }

    [Fact]
    public async Task A_callers_transaction_commits_rolls_back_and_stays_usable_after_a_refusal()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await using (var caller = await Caller.BeginAsync(database.DataSource))
        {
            await store.Store.AppendAsync([Some.Append(stream, 2)], caller.Transaction);
            await caller.Transaction.RollbackAsync();
        }

        await using (var caller = await Caller.BeginAsync(database.DataSource))
        {
            await store.Store.AppendAsync([Some.Append(stream, 1)], caller.Transaction);
            await Assert.ThrowsAsync<ConcurrencyException>(
                () => store.Store.AppendAsync([Some.Append(stream, 1, ExpectedVersion.NoStream)], caller.Transaction));
            await store.Store.AppendAsync([Some.Append(stream, 1)], caller.Transaction);
            await caller.Transaction.CommitAsync();
        }

        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(2);
        (await store.FeedAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task A_lock_or_a_setting_of_one_append_does_not_stay_in_the_servers_session()
    {
        var store = await database.NewStoreAsync();
        for (var i = 0; i < 10; i++)
        {
            await store.Store.AppendAsync([Some.Append(Some.Stream(), 2)]);
            (await store.Reopen(database.Direct).FloorLocksAsync()).Should().Be(0);
        }

        // Only an append that really takes the floor holds the feed back.
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        (await store.Reopen(database.Direct).FloorLocksAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Fifty_writers_over_two_connections_and_a_reader_of_the_feed_lose_and_repeat_nothing()
    {
        var store = await database.NewStoreAsync();
        StreamId[] streams = [.. Enumerable.Range(0, 10).Select(_ => Some.Stream())];
        var appended = new ConcurrentBag<Guid>();
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            var stream = streams[writer % streams.Length];
            for (var i = 0; i < AppendsEach; i++)
            {
                var events = Some.Events(stream, 2);
                await store.Store.AppendAsync(stream, events);
                Array.ForEach(events, envelope => appended.Add(envelope.Id));
            }
        }));

        var read = new List<EventEnvelope>();
        var after = Position.Start;
        while (true)
        {
            var isOver = writing.IsCompleted;
            var page = await store.Store.ReadFeedPageAsync(after, maxCount: 100);
            read.AddRange(page.Events);
            after = page.ReadTo;
            if (isOver && page.IsAtEnd)
            {
                break;
            }
        }

        await writing;
        read.Select(envelope => envelope.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        read.Select(envelope => envelope.Id).Should().BeEquivalentTo(appended).And.HaveCount(Writers * AppendsEach * 2);
        foreach (var stream in streams)
        {
            (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(Writers * AppendsEach * 2 / streams.Length);
            read.Where(envelope => envelope.StreamId == stream).Select(envelope => envelope.Version)
                .Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        }
    }

    [Fact]
    public async Task A_host_starts_and_is_healthy()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddLogging();
        builder.Services.AddSingleton(database.DataSource);
        builder.Services.AddEventStore().UsePostgres(options =>
        {
            options.Schema = "behind_pgbouncer";
            options.PrepareStatements = false;
            options.AllowUnsafeDurability = true;
        });
        builder.Services.AddHealthChecks().AddEventStorePostgres();
        using var host = builder.Build();

        await host.StartAsync();

        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status
            .Should().Be(HealthStatus.Healthy);
        await host.StopAsync();
    }
}
