using System.Globalization;
using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Lifecycles beside each other, by different policies: no object goes that is listed.</summary>
[Trait("Row", "L16")]
public sealed class BesideOthersTests
{
    private const int Worlds = 120;
    private const int Rounds = 15;

    // They merge what is a day old; the one keeps what nobody lists for a day, the other for an hour.
    private static readonly LifecyclePolicy Patient = new(
        new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromDays(1), StorageClass.InfrequentAccess))
    {
        CompactBelowBytes = 64 * 1024,
    };

    private static readonly LifecyclePolicy Hasty = Patient with { RemoveAfter = TimeSpan.FromHours(1) };

    private static readonly LifecyclePolicy Sweeping = Hasty with { CompactBelowBytes = 0 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_two_of_them_do_at_whichever_moment_what_is_listed_is_there()
    {
        var random = SeededRandom.Create();
        var events = await new Corpus(random).OrdersAsync(40);
        var (removed, beside, failed) = (0, 0, 0);
        for (var world = 0; world < Worlds; world++)
        {
            var seed = random.Next();
            try
            {
                var counts = await LiveAsync(new Random(seed), events);
                (removed, beside, failed) = (
                    removed + counts.Removed, beside + counts.Beside, failed + counts.Failed);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    string.Create(CultureInfo.InvariantCulture, $"World {world} with seed {seed}: {e.Message}"), e);
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{removed} objects removed, {beside} runs in the middle of others, {failed} runs failed");
        removed.Should().BeGreaterThan(Worlds);
        beside.Should().BeGreaterThan(Worlds);
        failed.Should().BeGreaterThan(Worlds);
    }

    [Fact]
    public async Task What_a_manifest_lists_that_the_books_hold_stays_however_late_it_is_put()
    {
        var time = new ManualTime(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero));
        var objects = new SimulatedObjectStore(time);
        var archive = new SimulatedArchive(time);
        var stream = new StreamId("order", "1");
        for (var number = 0; number < 12; number++)
        {
            await archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", Encoding.UTF8.GetBytes($"{number}"), new EventMetadata())],
                new DateTimeOffset(2026, 3, 1, 0, number, 0, TimeSpan.Zero));
        }

        var all = archive.Rows.ToList();
        using var archived = new ArchivedEvents(objects);
        await ArchiveAsync(archive, objects, time);
        var dying = new ArchiverParts(archive, archive, archive, BesideStore.Around(objects, (_, key) =>
            key == ArchiveManifest.KeyOf(2) ? throw new SimulatedCrashException("before the manifest") : Task.CompletedTask));
        await FluentActions.Awaiting(() => new ArchiveLifecycle(
                dying.Objects, new CatalogListings(dying, timeProvider: time), Hasty, timeProvider: time)
            .RunAsync(cancellationToken: Cancellation)).Should().ThrowAsync<SimulatedCrashException>();
        (await archive.GetStatusAsync(Cancellation)).ManifestIsOpen.Should().BeTrue("it ended between books and bucket");
        time.Advance(TimeSpan.FromDays(1));

        await new ArchiveLifecycle(
            objects,
            new CatalogListings(new ArchiverParts(archive, archive, archive, objects), timeProvider: time),
            Sweeping,
            timeProvider: time).RunAsync(cancellationToken: Cancellation);
        time.Advance(TimeSpan.FromDays(1));
        await ArchiveAsync(archive, objects, time);

        archive.Batches.Should().ContainSingle("the manifest counts at last");
        (await archived.ReadAsync(archive.FindArchived(default), default, null, 100, Cancellation)).Events
            .Should().Equal(all);
    }

    /// <summary>Between the last look at the listing and the delete there is always a moment.</summary>
    [Fact]
    public async Task What_a_run_that_was_cut_off_has_left_is_listed_by_nobody_while_another_one_removes_it()
    {
        var time = new ManualTime(ManifestSamples.Time);
        var objects = new SimulatedObjectStore(time);
        var archive = await TestArchive.CreateAsync(objects, await Corpus.Create().OrdersAsync(60), 15);
        var batches = await archive.KeysAsync();
        time.Advance(TimeSpan.FromDays(2));
        var dying = BesideStore.Around(objects, (method, key) =>
            method is nameof(IObjectStore.PutIfAbsentAsync) && key == ArchiveManifest.KeyOf(archive.Listing.Number + 1)
                ? throw new SimulatedCrashException("before the manifest")
                : Task.CompletedTask);
        await FluentActions.Awaiting(() => RunAsync(dying, Patient)).Should().ThrowAsync<SimulatedCrashException>();
        var left = (await archive.KeysAsync()).Except(batches).Should().ContainSingle().Which;
        time.Advance(TimeSpan.FromHours(2));
        var deletes = 0;
        var removing = BesideStore.Around(objects, async (method, key) =>
        {
            if (method is nameof(IObjectStore.DeleteAsync) && ++deletes == 1)
            {
                key.Should().Be(left);
                (await RunAsync(objects, Patient)).CompactedInto.Should().Be(1);
            }
        });

        (await RunAsync(removing, Sweeping)).Removed.Should().Be(1);

        deletes.Should().Be(1);
        (await archive.CheckAsync()).Batches.Should().ContainSingle().Which.Key.Should().NotBe(left);
        (await archive.KeysAsync()).Should().NotContain(left);

        Task<LifecycleReport> RunAsync(IObjectStore store, LifecyclePolicy policy) => new ArchiveLifecycle(
            store, new BucketListings(store, time), policy, timeProvider: time)
            .RunAsync(cancellationToken: Cancellation);
    }

    private static async Task ArchiveAsync(SimulatedArchive archive, IObjectStore objects, TimeProvider time)
    {
        using var archiver = new Archiver(
            new ArchiverParts(archive, archive, archive, objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero, MaxEventsPerBatch = 4 },
            time);
        await archiver.ArchiveAsync(cancellationToken: Cancellation);
    }

    private static async Task<(int Removed, int Beside, int Failed)> LiveAsync(
        Random random, IReadOnlyList<EventEnvelope> events)
    {
        var (removed, beside, failed, isBeside, isQuiet) = (0, 0, 0, false, false);
        var time = new ManualTime(ManifestSamples.Time);
        var objects = new SimulatedObjectStore(time, call =>
            isQuiet || call.Method is nameof(IObjectStore.HeadAsync) || random.Next(40) > 0
                ? ObjectFault.None
                : (ObjectFault)random.Next(1, 7));
        isQuiet = true;
        var archive = await TestArchive.CreateAsync(objects, events, 5);
        for (var round = 0; round < Rounds; round++)
        {
            time.Advance(TimeSpan.FromMinutes(random.Next(5, 900)));
            isQuiet = false;
            await RunAsync();
            isQuiet = true;
            await archive.CheckAsync();
        }

        return (removed, beside, failed);

        async Task RunAsync()
        {
            var store = BesideStore.Around(objects, (_, _) => OthersAsync());
            var policy = random.Next(3) switch { 0 => Patient, 1 => Hasty, _ => Sweeping };
            try
            {
                removed += (await new ArchiveLifecycle(
                    store, new BucketListings(store, time), policy, timeProvider: time)
                    .RunAsync(cancellationToken: Cancellation)).Removed;
            }
            catch (Exception e) when (
                e is SimulatedCrashException or StoreUnavailableException or WriteOutcomeUnknownException
                    or StoreOperationException or ObjectDamagedException or ManifestConflictException)
            {
                failed++;
            }
        }

        async Task OthersAsync()
        {
            if (isBeside || isQuiet || random.Next(6) > 0)
            {
                return;
            }

            isBeside = true;
            beside++;
            await RunAsync();
            var wasQuiet = isQuiet;
            isQuiet = true;
            await archive.CheckAsync();
            (isQuiet, isBeside) = (wasQuiet, false);
        }
    }
}
