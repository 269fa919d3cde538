using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// Another timeline has merged batches on both sides of the border, and removed their objects: the books get batches of
/// their own events again, whole ones, wherever it is cut off.
/// </summary>
[Trait("Row", "I09")]
public sealed class BroughtBackSettlementTests : IDisposable
{
    private static readonly LifecyclePolicy OnlyRemoves = new(
        new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromHours(1), StorageClass.InfrequentAccess))
    {
        CompactBelowBytes = 0,
        RemoveAfter = TimeSpan.FromHours(1),
    };

    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_merged_batch_that_is_gone_is_made_anew_of_the_parts_that_are_listed()
    {
        var world = await MergeAsync(removes: true);

        // The one that fell behind parts the batch, and removes it.
        await _scene.ArchiveAsync(world.Early, world.Objects);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        await _scene.CompactAsync(world.Early, world.Objects, OnlyRemoves);
        (await BroughtBackScene.KeysAsync(world.Objects)).Should().NotContain(world.Merged);

        // Then the one counts again whose books have it.
        world.Late.Batches.Should().ContainSingle().Which.Stored!.Key.Should().Be(world.Merged);
        (await _scene.ArchiveAsync(world.Late, world.Objects)).Obstacle.Should().BeNull();

        world.Late.Batches.Should().ContainSingle();
        await _scene.CheckAsync(world.Late, world.Objects, world.Events);
    }

    [Fact]
    public async Task An_object_that_was_damaged_while_nobody_listed_it_is_not_listed_again()
    {
        var world = await MergeAsync(removes: false);
        var damaged = world.Early.Batches[1].Stored!.Key;
        world.Early.Batches[1].State.Should().Be(ArchiveState.Pruned, "its events are nowhere else");
        world.Objects.Damage(new ObjectKey(damaged), content => [.. content.SkipLast(1), 0]);

        (await _scene.ArchiveAsync(world.Early, world.Objects)).Obstacle.Should().BeNull();

        (await new ArchiveManifests(world.Objects).ReadLatestAsync(cancellationToken: Cancellation))!.Batches
            .Should().NotContain(batch => string.Equals(batch.Key.Value, damaged, StringComparison.Ordinal));
        await _scene.CheckAsync(world.Early, world.Objects, world.Events);
    }

    [Fact]
    public async Task Whatever_fails_at_whichever_call_the_next_run_makes_the_rest_of_the_steps_by_itself()
    {
        var failures = 0;
        foreach (var fault in new[] { ObjectFault.CrashBefore, ObjectFault.LostAnswer })
        {
            for (var failAt = 1; ; failAt++)
            {
                var left = int.MaxValue;
                var world = await MergeAsync(
                    removes: true,
                    count: 12,
                    _ => --left == 0 ? fault : ObjectFault.None,
                    call => --left == 0 ? throw new SimulatedCrashException(call) : Task.CompletedTask);
                left = failAt;

                var failure = await Record.ExceptionAsync(() => _scene.ArchiveAsync(world.Early, world.Objects));

                var isOver = left > 0;
                left = int.MaxValue;
                failures += failure is null ? 0 : 1;
                _scene.Time.Advance(BroughtBackScene.Lease);
                (await _scene.ArchiveAsync(world.Early, world.Objects)).Obstacle.Should().BeNull();
                await _scene.CheckAsync(world.Early, world.Objects, world.Events);
                if (isOver)
                {
                    break;
                }
            }
        }

        failures.Should().BeGreaterThan(40);
    }

    [Fact]
    public async Task Nothing_is_removed_by_what_was_compared_before_the_database_was_brought_back()
    {
        var plans = 0;
        var world = await MergeAsync(
            removes: false,
            intercept: call => call is nameof(IArchiveCatalog.PlanManifestAsync) && ++plans == 3
                ? throw new SimulatedCrashException("behind the last manifest of the bucket")
                : Task.CompletedTask);
        var catalog = SwitchedCatalog.To(world.Late);
        var listings = new CatalogListings(
            _scene.PartsOf(world.Late, world.Objects) with { Catalog = catalog }, timeProvider: _scene.Time);
        var known = (await listings.ReadAsync(Cancellation))!;
        (await listings.IsLastAsync(known, Cancellation)).Should().BeTrue();
        await FluentActions.Awaiting(() => _scene.ArchiveAsync(world.Early, world.Objects))
            .Should().ThrowAsync<SimulatedCrashException>();
        (await world.Early.GetStatusAsync(Cancellation)).Manifest!.Digest.Should().Be(known.Digest);

        SwitchedCatalog.Switch(catalog, world.Early);

        var again = (await listings.ReadAsync(Cancellation))!;
        again.Digest.Should().Be(known.Digest);
        (await listings.IsLastAsync(again, Cancellation)).Should().BeFalse("the books name other objects");
    }

    [Fact]
    public async Task The_lease_is_kept_while_every_batch_of_the_books_is_read()
    {
        // Enough batches that it takes longer than a lease to look for all of them, several at once.
        var world = await MergeAsync(removes: false, count: 28 * ObjectLookup.RequestsAtOnce);

        (await _scene.ArchiveAsync(world.Early, SlowlyRead(world.Objects, world.Early, ObjectLookup.RequestsAtOnce)))
            .Obstacle.Should().BeNull();

        world.Early.Batches.Count.Should().BeGreaterThan(3 * ObjectLookup.RequestsAtOnce);
        await _scene.CheckAsync(world.Early, world.Objects, world.Events);
    }

    [Fact]
    public async Task The_lease_is_kept_while_objects_are_looked_for_that_an_earlier_run_has_verified()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = await BroughtBackScene.AppendAsync(original, 60, 1, "a");
        var isCut = true;
        var archive = await original.CopyAsync(
            events,
            call => isCut && call is nameof(IArchiveCatalog.PlanManifestAsync)
                ? throw new SimulatedCrashException("before anything is listed")
                : Task.CompletedTask);
        await FluentActions.Awaiting(() => _scene.ArchiveAsync(archive, objects))
            .Should().ThrowAsync<SimulatedCrashException>();
        archive.Batches.Count.Should().BeGreaterThan(4);
        archive.Batches.Should().OnlyContain(batch => batch.State == ArchiveState.Verified);
        isCut = false;
        _scene.Time.Advance(BroughtBackScene.Lease);

        (await _scene.ArchiveAsync(archive, SlowlyRead(objects, archive, headsAtOnce: 1))).Obstacle.Should().BeNull();

        await _scene.CheckAsync(archive, objects, events);
    }

    [Fact]
    public async Task Events_that_are_listed_in_other_batches_are_compared_under_the_lease_and_listed_as_the_books_have_them()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var archive = new SimulatedArchive(_scene.Time);
        var events = await BroughtBackScene.AppendAsync(archive, 30, 1, "a");
        await _scene.ArchiveAsync(archive, objects);
        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!;
        var cut = new List<ManifestBatch>();
        foreach (var part in events.Chunk(3))
        {
            var made = await RecutBatch.CutAsync(
                objects,
                listing.Batches,
                cut is [.., var before] ? before.Last : listing.Batches[0].After,
                part[^1].Position,
                Cancellation);
            cut.Add(await made.PutAsync(
                objects, () => Task.FromResult(new Lease("x", "y", 77, _scene.Time.GetUtcNow())), Cancellation));
        }

        await new ArchiveManifests(objects).PutAsync(
            listing.Next(9, _scene.Time.GetUtcNow(), cut, [.. listing.Batches.Select(batch => batch.Key)], listing.Store),
            Cancellation);

        (await _scene.ArchiveAsync(archive, SlowlyRead(objects, archive, ObjectLookup.RequestsAtOnce)))
            .Obstacle.Should().BeNull();

        await _scene.CheckAsync(archive, objects, events);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_another_database_removes_after_it_was_read_is_not_listed_and_nothing_else_is_read_again(
        int times)
    {
        var world = await MergeAsync(removes: false);
        var keys = world.Early.Batches.Select(batch => new ObjectKey(batch.Stored!.Key)).ToList();
        keys.Count.Should().BeGreaterThan(times + 1);
        var removed = new List<ObjectKey>();
        var read = new List<ObjectKey>();
        var isListed = false;

        // All are read; when the first one is looked for once more, another one goes.
        var objects = BesideStore.Around(
            world.Objects,
            async (call, key) =>
            {
                if (call is nameof(IObjectStore.HeadAsync) && key == keys[0] && removed.Count < times)
                {
                    removed.Add(keys[removed.Count + 1]);
                    await world.Objects.DeleteAsync(removed[^1], Cancellation);
                }
                else if (call is nameof(IObjectStore.GetAsync) && keys.Contains(key)
                    && removed.Count > 0 && !isListed)
                {
                    read.Add(key);
                }

                isListed |= call is nameof(IObjectStore.PutIfAbsentAsync)
                    && key.Value.StartsWith("manifests/", StringComparison.Ordinal);
            },
            isAskedOfHeads: true);
        (await _scene.ArchiveAsync(world.Early, objects)).Obstacle.Should().BeNull();

        removed.Should().HaveCount(times);
        read.Should().BeSubsetOf(removed);
        await _scene.CheckAsync(world.Early, world.Objects, world.Events);
    }

    // To read a batch takes a third of a lease nearly, and so does looking for as many as are looked for at once; whoever
    // can take the lease takes it.
    private IObjectStore SlowlyRead(IObjectStore objects, SimulatedArchive archive, int headsAtOnce)
    {
        var heads = 0;
        return BesideStore.Around(
            objects,
            async (call, key) =>
            {
                if (!key.Value.StartsWith("events/", StringComparison.Ordinal)
                    || (call is nameof(IObjectStore.HeadAsync) && heads++ % headsAtOnce != 0)
                    || call is not (nameof(IObjectStore.GetAsync) or nameof(IObjectStore.HeadAsync)))
                {
                    return;
                }

                _scene.Time.Advance(0.3 * BroughtBackScene.Lease);
                (await archive.TryAcquireAsync(
                    IArchiveCatalog.LeaseName, "another", BroughtBackScene.Lease, Cancellation))
                    .Should().BeNull("the run holds it");
            },
            isAskedOfHeads: true);
    }

    // One database falls behind between two months; the other one merges batches of both.
    private async Task<World> MergeAsync(
        bool removes,
        int count = 30,
        Func<ObjectCall, ObjectFault>? faults = null,
        Func<string, Task>? intercept = null)
    {
        var objects = new SimulatedObjectStore(_scene.Time, faults);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, count, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, count - 2, 2, "a"));
        var early = await original.CopyAsync(events, intercept);
        await _scene.ArchiveAsync(original, objects);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        if (removes)
        {
            _scene.Time.Advance(TimeSpan.FromHours(2));
            await _scene.CompactAsync(original, objects);
        }

        var late = await original.CopyAsync(events);
        _scene.Time.Advance(BroughtBackScene.Lease);
        return new World(objects, early, late, events, original.Batches.Single().Stored!.Key);
    }

    private sealed record World(
        SimulatedObjectStore Objects,
        SimulatedArchive Early,
        SimulatedArchive Late,
        IReadOnlyList<EventEnvelope> Events,
        string Merged);
}
