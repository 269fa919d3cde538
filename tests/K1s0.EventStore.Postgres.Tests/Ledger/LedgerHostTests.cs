using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Registration;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

public sealed class LedgerHostTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task A_host_seals_signs_and_publishes_what_is_appended_and_is_healthy()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        using var host = await StartAsync(log, options => options.PublishTo = folder.Target);
        var store = host.Services.GetRequiredService<IEventStore>();
        var proofs = host.Services.GetRequiredService<LedgerProofs>();
        var stream = Some.Stream();
        var events = Some.Events(stream, 20);

        await store.AppendAsync(stream, events, 0);
        await Eventually.TrueAsync(async () => (await log.Ledger.GetStatusAsync(default)).SignedSize == 20);

        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        health.Entries["event-store-ledger"].Status.Should().Be(HealthStatus.Healthy);
        health.Entries["event-store-ledger"].Data.Should().Contain("signedSize", 20L);
        var loaded = (await store.LoadAsync(stream))[7];
        (await proofs.ProveEventAsync(loaded.Id))!.Verify(loaded, TestLog.Origin, log.Keys)
            .Should().Be(EventProofVerdict.Valid);
        await host.StopAsync();
        (await folder.VerifyAsync(log.Keys))!.Value.Head.Size.Should().Be(20, "a host that stops publishes");
        (await log.Store.Leases.TryAcquireAsync(ILedgerStore.LeaseName, "test", TimeSpan.FromMinutes(1)))
            .Should().NotBeNull("a host that stops releases its lease");
    }

    [Fact]
    public async Task A_host_whose_database_was_rolled_back_says_so_and_seals_nothing()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var random = SeededRandom.Create();
        await log.GrowAsync(3, random);
        await log.BackUpAsync();
        await log.GrowAsync(3, random);
        await log.Publisher(folder.Target).PublishAsync();
        await log.RestoreAsync();
        var before = await log.ContentAsync();

        using var host = await StartAsync(log, options => options.PublishTo = folder.Target);
        HealthReport? health = null;
        await Eventually.TrueAsync(async () =>
        {
            health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            return health.Entries["event-store-ledger"].Status is HealthStatus.Unhealthy;
        });

        health!.Entries["event-store-ledger"].Description.Should().Contain("The last 3 leaves are lost");
        await host.StopAsync();
        (await log.ContentAsync()).Should().Be(before);
    }

    [Theory]
    [InlineData("delete from {s}.tiles")]
    [InlineData("update {s}.tiles set hashes = substring(hashes for 32)")]
    public async Task A_host_whose_tiles_were_lost_is_unhealthy(string tampering)
    {
        using var log = await TestLog.CreateAsync(database);
        await log.GrowAsync(3, SeededRandom.Create());
        await log.Store.ExecuteAsync(
            $"set session_replication_role = replica; {tampering}; reset session_replication_role");

        using var host = await StartAsync(log, _ => { });
        HealthReportEntry entry = default;
        await Eventually.TrueAsync(async () =>
        {
            var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            entry = health.Entries["event-store-ledger"];
            return entry.Status is HealthStatus.Unhealthy;
        });

        entry.Description.Should().Contain("tiles were lost or cut");
        await host.StopAsync();
    }

    [Fact]
    public async Task An_old_event_that_is_not_sealed_is_degraded_health()
    {
        using var log = await TestLog.CreateAsync(database);
        var held = await log.Store.Leases.TryAcquireAsync(ILedgerStore.LeaseName, "other", TimeSpan.FromMinutes(10));
        held.Should().NotBeNull();
        using var host = await StartAsync(log, options => options.MaxLag = TimeSpan.FromSeconds(1));
        await log.AppendAsync(1, SeededRandom.Create());
        HealthReport? health = null;

        await Eventually.TrueAsync(async () =>
        {
            health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            return health.Entries["event-store-ledger"].Status is HealthStatus.Degraded;
        });

        health!.Entries["event-store-ledger"].Description.Should().Contain("not sealed");
        await host.StopAsync();
    }

    [Fact]
    public async Task A_host_measures_leaves_lag_and_failures_of_its_log()
    {
        const string Origin = "example.com/measured";
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        folder.Write("checkpoint", "nothing"u8.ToArray());
        var measured = new ConcurrentQueue<(string Instrument, string? Unit, double Value)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name is LedgerTelemetry.SourceName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        listener.Start();
        await log.AppendAsync(7, SeededRandom.Create());

        using (var host = await StartAsync(log, options => options.Origin = Origin))
        {
            await Eventually.TrueAsync(() => Task.FromResult(
                Sum(LedgerTelemetry.Leaves) == 7 && measured.Any(value => value.Instrument is LedgerTelemetry.Lag)));
            await host.StopAsync();
        }

        measured.Should().Contain(value => value.Instrument == LedgerTelemetry.Lag && value.Unit == "s");
        Sum(LedgerTelemetry.Failures).Should().Be(0);
        using (var host = await StartAsync(log, options =>
        {
            options.Origin = Origin;
            options.PublishTo = folder.Target;
        }))
        {
            await Eventually.TrueAsync(() => Task.FromResult(Sum(LedgerTelemetry.Failures) > 0));
            await host.StopAsync();
        }

        double Sum(string instrument) =>
            measured.Where(value => string.Equals(value.Instrument, instrument, StringComparison.Ordinal))
                .Sum(value => value.Value);

        void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.ToArray().Contains(new KeyValuePair<string, object?>("origin", Origin)))
            {
                measured.Enqueue((instrument.Name, instrument.Unit, value));
            }
        }
    }

    [Fact]
    [Trait("Row", "X16")]
    public async Task A_host_verifies_its_store_against_what_is_published_and_its_health_names_what_was_found()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        await log.GrowAsync(20, SeededRandom.Create());
        await log.Publisher(folder.Target).PublishAsync();
        using var host = await StartAsync(log, options => options.PublishTo = folder.Target);
        var health = host.Services.GetRequiredService<HealthCheckService>();
        async Task<HealthReportEntry> EntryAsync() =>
            (await health.CheckHealthAsync()).Entries["event-store-verification"];
        await Eventually.TrueAsync(async () => (await EntryAsync()).Data.ContainsKey("events"));
        var before = await EntryAsync();

        await log.ChangeLastEventAsync();
        await Eventually.TrueAsync(async () => (await EntryAsync()).Status is HealthStatus.Unhealthy);

        before.Status.Should().Be(HealthStatus.Healthy);
        before.Data.Should().Contain("events", 20L).And.Contain("sealedLeaves", 20L).And.Contain("findings", 0L);
        (await EntryAsync()).Description.Should().Contain("findings").And.Contain("expected link");
        (await host.Services.GetRequiredService<StoreVerifier>().VerifyAsync()).IsValid.Should().BeFalse();
        await host.StopAsync();
    }

    [Fact]
    public async Task A_verification_that_cannot_be_ended_is_degraded_health()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        folder.Write("checkpoint", "nothing"u8.ToArray());
        using var host = await StartAsync(log, options => options.PublishTo = folder.Target);
        var health = host.Services.GetRequiredService<HealthCheckService>();
        HealthReportEntry entry = default;

        await Eventually.TrueAsync(async () =>
        {
            entry = (await health.CheckHealthAsync()).Entries["event-store-verification"];
            return entry.Status is HealthStatus.Degraded;
        });

        entry.Description.Should().Contain("could not be ended").And.Contain("published head");
        await host.StopAsync();
    }

    [Fact]
    public async Task Options_that_cannot_work_end_the_start()
    {
        var refusal = await StoreHost.FailsAsync<OptionsValidationException>(services =>
        {
            services.AddSingleton(database.DataSource);
            services.AddEventStore().UsePostgres()
                .AddLedger(options => options.SealEvery = TimeSpan.Zero)
                .AddVerification(options =>
                {
                    options.Every = TimeSpan.Zero;
                    options.Verifier.Lanes = 0;
                });
        });

        refusal.Failures.Should().HaveCountGreaterThanOrEqualTo(3);
        refusal.Message.Should().Contain(nameof(LedgerOptions.Origin)).And.Contain(nameof(LedgerOptions.Signers))
            .And.Contain(nameof(LedgerOptions.SealEvery));
    }

    [Fact]
    public async Task A_backend_without_a_log_ends_the_start()
    {
        using var log = await TestLog.CreateAsync(database);

        var refusal = await StoreHost.FailsAsync<InvalidOperationException>(services => services.AddEventStore()
            .AddLedger(options => Configure(options, log)));

        refusal.Message.Should().Contain("no backend that keeps a log");
    }

    private Task<IHost> StartAsync(TestLog log, Action<LedgerOptions> configure) => StoreHost.StartAsync(services =>
    {
        services.AddLogging();
        services.AddSingleton(database.DataSource);
        services.AddEventStore()
            .UsePostgres(options =>
            {
                options.Schema = log.Store.Name;
                options.AllowUnsafeDurability = true;
            })
            .AddLedger(options =>
            {
                Configure(options, log);
                configure(options);
            })
            .AddVerification(options =>
            {
                options.FirstAfter = TimeSpan.Zero;
                options.Every = TimeSpan.FromSeconds(1);
                options.RetryDelay = TimeSpan.FromMilliseconds(100);
            });
        services.AddHealthChecks().AddEventStoreLedger().AddEventStoreVerification();
    });

    private static void Configure(LedgerOptions options, TestLog log)
    {
        options.Origin = TestLog.Origin;
        options.SealEvery = TimeSpan.FromMilliseconds(20);
        options.RetryDelay = TimeSpan.FromMilliseconds(100);
        options.LeaseDuration = TimeSpan.FromHours(1);
        options.Signers.Add(log.Options().Signers[0]);
    }
}
