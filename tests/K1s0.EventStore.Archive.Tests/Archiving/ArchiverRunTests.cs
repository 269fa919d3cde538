using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>What a run of the archiver does when it takes long, or somebody comes between.</summary>
[Trait("Invariant", "I32")]
public sealed class ArchiverRunTests : IAsyncLifetime
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero));
    private readonly List<string> _calls = [];
    private readonly SimulatedObjectStore _objects;
    private readonly SimulatedArchive _archive;
    private Func<string, Task> _before = _ => Task.CompletedTask;

    public ArchiverRunTests() => (_objects, _archive) = (
        new SimulatedObjectStore(_time),
        new SimulatedArchive(_time, call =>
        {
            _calls.Add(call);
            return _before(call);
        }));

    private static ArchivingOptions Options => new() { OlderThan = TimeSpan.Zero };

    public async ValueTask InitializeAsync()
    {
        for (var number = 0; number < 10; number++)
        {
            var stream = new StreamId("order", "a");
            await _archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", "{}"u8.ToArray(), new EventMetadata())],
                new DateTimeOffset(2026, 3, 1, 0, number, 0, TimeSpan.Zero));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_step_that_takes_longer_than_the_lease_does_not_end_the_run()
    {
        Before(nameof(IArchiveCatalog.ListMonthsAsync), () =>
        {
            _time.Advance(Options.LeaseDuration * 3);
            return Task.CompletedTask;
        });

        var report = await RunAsync();

        (report.PrunedMonths.Count, report.Events, report.Obstacle).Should().Be((1, 10, null));
        (await _archive.TryAcquireAsync(IArchiveCatalog.LeaseName, "next", TimeSpan.FromMinutes(1)))
            .Should().NotBeNull("the run has released what it held last");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_ends_when_another_process_has_led_meanwhile(bool isOver)
    {
        Before(nameof(IArchiveCatalog.ListMonthsAsync), async () =>
        {
            _time.Advance(Options.LeaseDuration * 3);
            var other = await _archive.TryAcquireAsync(IArchiveCatalog.LeaseName, "other", TimeSpan.FromHours(1));
            if (isOver)
            {
                await _archive.ReleaseAsync(other!);
            }
        });

        await FluentActions.Awaiting(() => RunAsync()).Should().ThrowAsync<LeaseLostException>();

        _archive.Batches.Should().BeEmpty();
        (await _archive.TryAcquireAsync(IArchiveCatalog.LeaseName, "next", TimeSpan.FromMinutes(1)) is not null)
            .Should().Be(isOver);
    }

    [Fact]
    public async Task A_month_that_is_busy_is_left_to_the_next_run()
    {
        Before(nameof(IArchiveCatalog.PruneAsync), () => throw new ArchiveRefusedException(
            ArchiveRefusal.Busy, "readers."));

        var report = await RunAsync();

        report.Obstacle.Should().BeOfType<ArchiveRefusedException>().Which.Reason.Should().Be(ArchiveRefusal.Busy);
        _calls.Should().ContainSingle(call => call == nameof(IArchiveCatalog.PruneAsync));
        (await RunAsync()).PrunedMonths.Should().ContainSingle();
    }

    [Fact]
    public async Task A_batch_that_has_to_be_restored_first_is_in_the_way_and_does_not_break_the_run()
    {
        await RunAsync(prune: false);
        var key = new ObjectKey(_archive.Batches[0].Stored!.Key);
        await _objects.SetStorageClassAsync(key, StorageClass.DeepArchive);

        var report = await RunAsync();

        report.Obstacle.Should().BeOfType<RestoreRequiredException>().Which.Key.Should().Be(key.Value);
        _archive.Rows.Should().HaveCount(10);
    }

    [Fact]
    public async Task What_another_archiver_says_has_to_stay_meanwhile_stays()
    {
        var century = TimeSpan.FromDays(36_500);
        Before(
            nameof(IArchiveCatalog.RaiseMinimumRetentionAsync), () => _archive.SetMinimumRetentionAsync(century));

        var report = await RunAsync(retention: TimeSpan.FromDays(1));

        report.PrunedMonths.Should().BeEmpty();
        (await _archive.GetStatusAsync()).MinimumRetention.Should().Be(century);
    }

    [Theory]
    [InlineData(30, 10, false, false, 30)]
    [InlineData(10, 30, false, false, 30)]
    [InlineData(null, 30, false, false, 30)]
    [InlineData(30, 10, false, true, 10)]
    [InlineData(30, 10, true, true, null)]
    public void No_month_is_counted_that_cannot_be_due(
        int? olderThan, int retention, bool byEvents, bool byBytes, int? expectedDays)
    {
        var options = new ArchivingOptions
        {
            OlderThan = olderThan is { } days ? TimeSpan.FromDays(days) : null,
            MaxEvents = byEvents ? 1 : null,
            MaxBytes = byBytes ? 1 : null,
        };

        ArchivePolicy.CountedBy(_time.GetUtcNow(), TimeSpan.FromDays(retention), options).Should().Be(
            expectedDays is { } expected ? _time.GetUtcNow().AddDays(-expected) : DateTimeOffset.MaxValue);
    }

    [Fact]
    public async Task What_a_former_run_found_is_not_held_against_a_process_that_does_not_lead_any_more()
    {
        using var reached = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        var isGated = true;
        _archive.Subscriptions["reader"] = default;
        _before = async call =>
        {
            if (isGated && string.Equals(call, nameof(ILeaseStore.TryAcquireAsync), StringComparison.Ordinal))
            {
                reached.Release();
                await goOn.WaitAsync();
            }
        };
        var options = new ArchivingOptions { OlderThan = TimeSpan.Zero, RunEvery = TimeSpan.FromMinutes(10) };
        using var archiver = new Archiver(Parts(), options, _time);
        using var service = new ArchivingService(archiver, options, _time, loggerFactory: null);
        await service.StartAsync(TestContext.Current.CancellationToken);
        await NextRunAsync(isFirst: true);
        await NextRunAsync();
        service.LastReport!.Obstacle.Should().BeOfType<ArchiveRefusedException>();

        isGated = false;
        await _archive.TryAcquireAsync(IArchiveCatalog.LeaseName, "other", TimeSpan.FromHours(1));
        isGated = true;
        await NextRunAsync();

        service.LastReport.Should().BeNull();
        isGated = false;
        goOn.Release();
        await service.StopAsync(TestContext.Current.CancellationToken);

        // Until the service stands before its next run: nothing of it runs meanwhile.
        async Task NextRunAsync(bool isFirst = false)
        {
            if (!isFirst)
            {
                // First the time, while it stands: no lease runs out.
                _time.Advance(options.RunEvery);
                goOn.Release();
            }

            (await reached.WaitAsync(TimeSpan.FromMinutes(1))).Should().BeTrue();
        }
    }

    // Once, before a call.
    private void Before(string name, Func<Task> action) => _before = call =>
    {
        if (!string.Equals(call, name, StringComparison.Ordinal))
        {
            return Task.CompletedTask;
        }

        _before = _ => Task.CompletedTask;
        return action();
    };

    private ArchiverParts Parts() => new(_archive, _archive, _archive, _objects);

    private async Task<ArchiveReport> RunAsync(bool prune = true, TimeSpan retention = default)
    {
        var options = Options;
        (options.Prune, options.MinimumRetention) = (prune, retention);
        using var archiver = new Archiver(Parts(), options, _time);
        return await archiver.ArchiveAsync();
    }
}
