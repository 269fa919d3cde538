using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Ledger;
using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.Postgres.Tests.Projections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

[Trait("Row", "I09")]
public sealed class ArchivingRegistrationTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task A_registered_archiver_works_by_itself_and_the_store_reads_through()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 30, 3);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        using var host = Build(scene, bucket.Objects, options => options.OlderThan = TimeSpan.Zero);
        await host.StartAsync();

        await Eventually.TrueAsync(async () =>
            await scene.Store.ScalarAsync<long>("select count(*) from {s}.events") == 0);

        (await ArchiveScene.FeedAsync(host.Services.GetRequiredService<IFeedReader>())).Should().Equal(all);
        (await host.Services.GetRequiredService<IEventStore>().LoadAsync(all[0].StreamId))
            .Should().Equal(all.Where(envelope => envelope.StreamId == all[0].StreamId));
        var check = host.Services.GetRequiredKeyedService<ArchivingHealthCheck>(string.Empty);
        var context = new HealthCheckContext
        {
            Registration = new HealthCheckRegistration("archive", check, HealthStatus.Unhealthy, null),
        };
        var health = await check.CheckHealthAsync(context);
        health.Status.Should().Be(HealthStatus.Healthy);
        health.Data["pruned"].Should().Be(all[^1].Position.Value);
        await host.StopAsync();
    }

    [Fact]
    public async Task One_registration_lets_log_verifier_and_rebuilds_read_through_as_well()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        await scene.AppendAsync(Month.Ahead(-2), 60, 3);
        await scene.AppendAsync(Month.Ahead(0), 20, 3);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await log.SealAllAsync();
        await scene.ArchiveAsync();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(scene.Store.DataSource);
        builder.Services.AddSingleton<IObjectStore>(bucket.Objects);
        builder.Services.AddSingleton(new Balances(scene.Store.Name));
        builder.Services.AddEventStore()
            .UsePostgres(options => Configure(options, scene))
            .AddLedger(options =>
            {
                options.Origin = TestLog.Origin;
                options.Signers.Add(log.Options().Signers[0]);
            })
            .AddVerification(options => options.FirstAfter = TimeSpan.FromDays(1))
            .AddInlineProjection<Balances>("balances")
            .AddArchiving();
        using var host = builder.Build();
        await host.StartAsync();
        var services = host.Services;

        (await ArchiveScene.FeedAsync(services.GetRequiredService<IFeedReader>())).Should().Equal(all);
        (await services.GetRequiredService<IEventStore>().LoadAsync(all[0].StreamId))
            .Should().Equal(all.Where(envelope => envelope.StreamId == all[0].StreamId));
        (await services.GetRequiredService<LedgerProofs>().ProveEventAsync(all[5].Id))!
            .Verify(all[5], TestLog.Origin, log.Keys).Should().Be(EventProofVerdict.Valid);
        var verification = await services.GetRequiredService<StoreVerifier>().VerifyAsync();
        (verification.IsValid, verification.SealedLeaves).Should().Be((true, 80), verification.ToString());
        (await services.GetRequiredKeyedService<ProjectionRebuilder>("balances").RebuildAsync()).Events.Should().Be(80);
        (await Balances.ReadAsync(scene.Store)).Should().Equal(Balances.Fold(all));
        await host.StopAsync();
    }

    [Fact]
    public async Task Options_that_cannot_be_are_refused_at_the_start()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var host = Build(scene, bucket.Objects, options =>
        {
            options.StorageClass = StorageClass.DeepArchive;
            options.RunEvery = TimeSpan.Zero;
        });

        (await FluentActions.Awaiting(() => host.StartAsync()).Should().ThrowAsync<OptionsValidationException>())
            .Which.Failures.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_preview_says_what_would_leave_and_what_is_in_the_way_and_changes_nothing()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-3), 40, 3);
        var late = await scene.AppendAsync(Month.Ahead(-2), 30, 3);
        await scene.AppendAsync(Month.Ahead(0), 20, 3);
        await scene.Catalog.PlaceHoldAsync(new ArchiveHold(
            Guid.CreateVersion7(), "case", late[0].Position, late[1].Position, null, "counsel"));
        var before = await scene.Store.ContentAsync();

        var preview = await scene.Archiver().PreviewAsync();

        preview.Months.Select(month => (month.Month.Month, month.Month.EventCount)).Should().Equal(
            (Month.Ahead(-3).Start, 40), (Month.Ahead(-2).Start, 30));
        preview.Months.Select(month => month.Obstacles.Count).Should().Equal(0, 1);
        preview.Months[1].Obstacles[0].Reason.Should().Be(ArchiveRefusal.Held);
        (preview.EventsToStore, preview.EstimatedObjects).Should().Be((70, 2));
        preview.DatabaseBytes.Should().BePositive();
        preview.EstimatedStoredBytes.Should().BePositive();
        (await scene.Store.ContentAsync()).Should().Be(before);
        var report = await scene.Archiver().ArchiveAsync();
        report.PrunedMonths.Should().Equal(Month.Ahead(-3).Start);
        report.Obstacle.Should().BeOfType<ArchiveRefusedException>().Which.Reason.Should().Be(ArchiveRefusal.Held);
        report.Events.Should().Be(70, "a copy is made all the same");
    }

    [Fact]
    public async Task Months_leave_by_count_by_size_and_never_before_their_time()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        for (var month = -4; month <= 0; month++)
        {
            await scene.AppendAsync(Month.Ahead(month), 20, 3);
        }

        (scene.Options.OlderThan, scene.Options.MaxEvents) = (null, 75);
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().Equal(
            Month.Ahead(-4).Start, Month.Ahead(-3).Start);
        (scene.Options.MaxEvents, scene.Options.MaxBytes) = (null, 1);
        var now = (await scene.Catalog.GetStatusAsync()).Now;
        scene.Options.MinimumRetention = now - Month.Ahead(-1).End + TimeSpan.FromDays(1);
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().Equal(Month.Ahead(-2).Start);
        (await scene.Catalog.GetStatusAsync()).MinimumRetention
            .Should().BeCloseTo(scene.Options.MinimumRetention, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task Named_stores_archive_into_buckets_of_their_own()
    {
        using var first = new BucketDirectory();
        using var second = new BucketDirectory();
        await using var one = await ArchiveScene.CreateAsync(database, first.Objects);
        await using var two = await ArchiveScene.CreateAsync(database, second.Objects);
        await one.AppendAsync(Month.Ahead(-2), 30, 3);
        await two.AppendAsync(Month.Ahead(-2), 20, 3);
        using var host = BuildNamed([("one", one), ("two", two)], services => services
            .AddKeyedSingleton<IObjectStore>("one", first.Objects)
            .AddKeyedSingleton<IObjectStore>("two", second.Objects));

        foreach (var (name, scene, bucket) in new[] { ("one", one, first), ("two", two, second) })
        {
            var all = await ArchiveScene.FeedAsync(scene.Store.Store);
            var report = await host.Services.GetRequiredKeyedService<Archiver>(name).ArchiveAsync();

            (report.Obstacle, report.PrunedMonths.Count).Should().Be((null, 1));
            (await new ArchiveManifests(bucket.Objects).ReadLatestAsync())!.EventCount.Should().Be(all.Count);
            (await ArchiveScene.FeedAsync(host.Services.GetRequiredKeyedService<IFeedReader>(name)))
                .Should().Equal(all);
        }
    }

    [Fact]
    public async Task A_store_that_finds_the_manifests_of_another_one_stores_nothing()
    {
        using var bucket = new BucketDirectory();
        await using var one = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await using var two = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await one.AppendAsync(Month.Ahead(-2), 30, 3);
        await two.AppendAsync(Month.Ahead(-2), 20, 3);
        using var host = BuildNamed([("one", one), ("two", two)], services => services.AddSingleton<IObjectStore>(bucket.Objects));
        await host.Services.GetRequiredKeyedService<Archiver>("one").ArchiveAsync();
        var objects = await bucket.Objects.ListAsync().ToListAsync();

        await FluentActions.Awaiting(() => host.Services.GetRequiredKeyedService<Archiver>("two").ArchiveAsync())
            .Should().ThrowAsync<ManifestConflictException>();

        (await bucket.Objects.ListAsync().ToListAsync()).Should().Equal(objects);
        (await two.Catalog.ListBatchesAsync(default)).Should().BeEmpty();
        (await two.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(20);
    }

    private static IHost BuildNamed(
        (string Name, ArchiveScene Scene)[] scenes, Action<IServiceCollection> addObjects)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(scenes[0].Scene.Store.DataSource);
        addObjects(builder.Services);
        var store = builder.Services.AddEventStore();
        foreach (var (name, scene) in scenes)
        {
            store.UsePostgres(name, options => Configure(options, scene))
                .AddArchiving(options => options.OlderThan = TimeSpan.Zero, name: name);
        }

        return builder.Build();
    }

    private static IHost Build(ArchiveScene scene, IObjectStore objects, Action<ArchivingOptions> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(scene.Store.DataSource);
        builder.Services.AddSingleton(objects);
        builder.Services.AddEventStore()
            .UsePostgres(options => Configure(options, scene))
            .AddArchiving(configure)
            .AddArchiving();
        return builder.Build();
    }

    private static void Configure(PostgresOptions options, ArchiveScene scene)
    {
        options.Schema = scene.Store.Name;
        options.UseDoorbell = false;
        options.AllowUnsafeDurability = true;
    }
}
