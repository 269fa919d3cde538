using System.Globalization;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// A database is brought back to an earlier time than its bucket has: it goes on archiving, with every event once and in
/// order, and nothing of the bucket is deleted for it.
/// </summary>
[Trait("Row", "I09")]
public sealed class BroughtBackTests : IDisposable
{
    private const int Worlds = 150;

    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task What_the_rows_have_is_taken_over_by_the_next_run_itself_and_nothing_is_stored_again()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 25, 2, "a"));
        var restored = await original.CopyAsync(events);
        await _scene.ArchiveAsync(original, objects);
        var before = await BroughtBackScene.KeysAsync(objects);

        var report = await _scene.ArchiveAsync(restored, objects);

        (report.Batches, report.PrunedMonths.Count, report.Obstacle).Should().Be((0, 1, null));
        (await BroughtBackScene.KeysAsync(objects)).Should().Equal(before);
        await _scene.CheckAsync(restored, objects, events);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(48)]
    public async Task One_batch_that_was_made_on_both_sides_of_the_border_is_parted_again(int hoursUntilItIsRestored)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 25, 2, "a"));
        var restored = await original.CopyAsync(events);
        await _scene.ArchiveAsync(original, objects);
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        _scene.Time.Advance(TimeSpan.FromHours(hoursUntilItIsRestored));
        await _scene.CompactAsync(original, objects);

        var report = await _scene.ArchiveAsync(restored, objects);

        (report.Batches, report.PrunedMonths.Count, report.Obstacle).Should().Be((0, 1, null));
        await _scene.CheckAsync(restored, objects, events);
    }

    [Fact]
    public async Task A_lost_timeline_is_given_up_only_when_somebody_says_so()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 5, 2, "a"));
        var restored = await original.CopyAsync(events);
        await BroughtBackScene.AppendAsync(original, 20, 2, "lost");
        await _scene.ArchiveAsync(original, objects);
        var lost = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!.Batches
            .Where(batch => batch.Last > events[^1].Position).Select(batch => batch.Key).ToList();
        lost.Should().NotBeEmpty();
        events.AddRange(await BroughtBackScene.AppendAsync(restored, 22, 2, "new"));
        var before = await BroughtBackScene.KeysAsync(objects);

        (await FluentActions.Awaiting(() => _scene.ArchiveAsync(restored, objects))
            .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain("LostTimeline.Remove");
        (await FluentActions.Awaiting(() => _scene.AdoptAsync(restored, objects, LostTimeline.Refuse))
            .Should().ThrowAsync<ManifestConflictException>()).Which.Number.Should().Be(2);
        (await BroughtBackScene.KeysAsync(objects)).Should().Equal(before);
        restored.Rows.Should().HaveCount(27);

        var adopted = (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!;
        adopted.Should().BeEquivalentTo(new { Manifest = 3, Removed = lost.Count });
        (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!
            .Should().BeEquivalentTo(new { Manifest = 3, Batches = 0, Removed = 0 });
        (await _scene.ArchiveAsync(restored, objects)).Obstacle.Should().BeNull();

        await _scene.CheckAsync(restored, objects, events);
        await _scene.CompactAsync(restored, objects);
        _scene.Time.Advance(TimeSpan.FromDays(2));
        await _scene.CompactAsync(restored, objects);
        (await BroughtBackScene.KeysAsync(objects)).Should().Contain(lost.Select(key => key.Value));
        await _scene.CheckAsync(restored, objects, events);
    }

    [Fact]
    public async Task A_listed_batch_of_other_events_never_takes_the_place_of_those_of_the_books()
    {
        var (objects, theirs) = (new SimulatedObjectStore(_scene.Time), new SimulatedObjectStore(_scene.Time));
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 1, 1, "a"));
        var forger = await original.CopyAsync(events);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 11, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        await BroughtBackScene.AppendAsync(forger, 11, 1, "b");
        await _scene.ArchiveAsync(forger, theirs);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        await _scene.CompactAsync(forger, theirs);
        var forged = (await new ArchiveManifests(theirs).ReadLatestAsync(true, Cancellation))!.Batches.Single();
        var content = (await theirs.GetAsync(forged.Key, Cancellation))!;
        await objects.PutIfAbsentAsync(forged.Key, content.Content, content.Info.Attributes, Cancellation);
        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!;
        listing.Batches.Should().HaveCount(2);
        await new ArchiveManifests(objects).PutAsync(
            listing.Next(9, _scene.Time.GetUtcNow(), [forged], [.. listing.Batches.Select(batch => batch.Key)], listing.Store),
            Cancellation);

        (await FluentActions.Awaiting(() => _scene.ArchiveAsync(original, objects))
            .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain("LostTimeline.Remove");

        var read = await _scene.PartsOf(original, objects).Feed.ReadFeedAsync(default, cancellationToken: Cancellation)
            .ToListAsync(Cancellation);
        read.Should().Equal(events);
        (await _scene.AdoptAsync(original, objects, LostTimeline.Remove))!.Removed.Should().Be(1);
        (await _scene.ArchiveAsync(original, objects)).Obstacle.Should().BeNull();
        await _scene.CheckAsync(original, objects, events);
        (await BroughtBackScene.KeysAsync(objects)).Should().Contain(forged.Key.Value, "somebody may have to look at it");
    }

    [Theory]
    [InlineData(5, 10)]
    [InlineData(8, 3)]
    [InlineData(8, 0)]
    public async Task A_timeline_that_was_given_up_and_lives_on_does_not_list_its_batches_again(int shared, int added)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, shared, 2, "a"));
        var restored = await original.CopyAsync(events, isNewEpoch: false);
        await BroughtBackScene.AppendAsync(original, 20, 2, "lost");
        await _scene.ArchiveAsync(original, objects);
        (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!.Removed.Should().BePositive();
        events.AddRange(await BroughtBackScene.AppendAsync(restored, added, 2, "new"));
        (await _scene.ArchiveAsync(restored, objects)).Obstacle.Should().BeNull();

        for (var attempt = 0; attempt < 2; attempt++)
        {
            _scene.Time.Advance(BroughtBackScene.Lease);
            (await FluentActions.Awaiting(() => _scene.ArchiveAsync(original, objects))
                .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain("LostTimeline.Remove");
        }

        await _scene.CheckAsync(restored, objects, events);
    }

    [Fact]
    public async Task A_manifest_that_another_timeline_was_faster_to_put_is_given_up_and_followed()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 5, 2, "a"));

        // It ends when it has planned a manifest and has not put it.
        var late = await original.CopyAsync(events);
        await FluentActions.Awaiting(() => _scene.ArchiveAsync(late, BesideStore.Around(objects, (call, key) =>
                call is nameof(IObjectStore.PutIfAbsentAsync) && key == ArchiveManifest.KeyOf(2) ? throw new SimulatedCrashException("before") : Task.CompletedTask)))
            .Should().ThrowAsync<SimulatedCrashException>();
        (await late.GetStatusAsync(Cancellation)).ManifestIsOpen.Should().BeTrue();
        _scene.Time.Advance(TimeSpan.FromHours(1));
        await _scene.ArchiveAsync(original, objects);

        var report = await _scene.ArchiveAsync(late, objects);

        (report.PrunedMonths.Count, report.Obstacle).Should().Be((1, null));
        await _scene.CheckAsync(late, objects, events);
    }

    [Fact]
    public async Task Whatever_fails_at_whichever_call_the_adoption_is_repeated_and_ends()
    {
        var failures = 0;
        foreach (var fault in new[] { ObjectFault.CrashBefore, ObjectFault.CrashAfter, ObjectFault.LostAnswer })
        {
            for (var failAt = 1; ; failAt++)
            {
                var left = int.MaxValue;
                var objects = new SimulatedObjectStore(_scene.Time, _ => --left == 0 ? fault : ObjectFault.None);
                var original = new SimulatedArchive(_scene.Time);
                var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 20, 1, "a"));
                await _scene.ArchiveAsync(original, objects);
                events.AddRange(await BroughtBackScene.AppendAsync(original, 15, 2, "a"));
                var restored = await original.CopyAsync(
                    events, call => --left == 0 ? throw new SimulatedCrashException(call) : Task.CompletedTask);
                await BroughtBackScene.AppendAsync(original, 12, 2, "lost");
                await _scene.ArchiveAsync(original, objects);
                var lost = (await new ArchiveManifests(objects).ReadLatestAsync(cancellationToken: Cancellation))!
                    .Batches.Where(batch => batch.Last > events[^1].Position).Select(batch => batch.Key.Value).ToList();
                events.AddRange(await BroughtBackScene.AppendAsync(restored, 3, 2, "new"));
                left = failAt;

                var failure = await Record.ExceptionAsync(
                    () => _scene.AdoptAsync(restored, objects, LostTimeline.Remove));

                var isOver = left > 0;
                left = int.MaxValue;
                failures += failure is null ? 0 : 1;
                _scene.Time.Advance(BroughtBackScene.Lease);
                (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove)).Should().NotBeNull();
                (await _scene.ArchiveAsync(restored, objects)).Obstacle.Should().BeNull();
                await _scene.CheckAsync(restored, objects, events);
                _scene.Time.Advance(TimeSpan.FromDays(2));
                await _scene.CompactAsync(restored, objects);
                (await BroughtBackScene.KeysAsync(objects)).Should().Contain(lost, "no lifecycle removes them");
                if (isOver)
                {
                    break;
                }
            }
        }

        failures.Should().BeGreaterThan(60);
    }

    [Fact]
    public async Task Wherever_it_is_brought_back_to_and_whatever_was_archived_compacted_and_removed_since_it_goes_on()
    {
        var random = SeededRandom.Create();
        var outcomes = new List<Outcome>();
        for (var world = 0; world < Worlds; world++)
        {
            var seed = random.Next();
            try
            {
                outcomes.Add(await BringBackAsync(new Random(seed)));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    string.Create(CultureInfo.InvariantCulture, $"World {world} with seed {seed}: {e.Message}"), e);
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{Count(world => world.Removed)} gave up a timeline, {Count(world => world.Adopted)} took batches over, "
            + $"{Count(world => world.IsCompacted)} after a compaction, {Count(world => world.IsMidway)} were brought "
            + $"back into a run, {Count(world => world.IsCut)} adoptions were cut off");
        Count(world => world.Removed).Should().BeGreaterThan(Worlds / 6);
        Count(world => world.Adopted).Should().BeGreaterThan(Worlds / 10);
        Count(world => world.IsCompacted).Should().BeGreaterThan(Worlds / 10);
        Count(world => world.IsMidway).Should().BeGreaterThan(Worlds / 10);
        Count(world => world.IsCut).Should().BeGreaterThan(Worlds / 10);

        int Count(Func<Outcome, bool> condition) => outcomes.Count(condition);
    }

    private async Task<Outcome> BringBackAsync(Random random)
    {
        var left = int.MaxValue;
        var objects = new SimulatedObjectStore(
            _scene.Time, _ => --left == 0 ? (ObjectFault)random.Next(5, 7) : ObjectFault.None);
        var original = new SimulatedArchive(_scene.Time, CutAsync);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, random.Next(5, 15), 1, "a"));
        for (var month = 1; month < random.Next(2, 5); month++)
        {
            await _scene.ArchiveAsync(original, objects, random);
            events.AddRange(await BroughtBackScene.AppendAsync(original, random.Next(1, 15), month, "a"));
        }

        // Now and then in the middle of a run.
        left = random.Next(2) == 0 ? random.Next(1, 60) : int.MaxValue;
        var isMidway = left < int.MaxValue
            && await Record.ExceptionAsync(() => _scene.ArchiveAsync(original, objects, random)) is not null;
        left = int.MaxValue;
        _scene.Time.Advance(BroughtBackScene.Lease);
        var restored = await original.CopyAsync(events, CutAsync);
        var isCompacted = false;
        for (var month = 4; month < random.Next(5, 8); month++)
        {
            await _scene.ArchiveAsync(original, objects, random);
            await BroughtBackScene.AppendAsync(original, random.Next(0, 12), month, "lost");
            _scene.Time.Advance(TimeSpan.FromHours(random.Next(1, 5)));
            if (random.Next(3) == 0)
            {
                isCompacted |= await _scene.CompactAsync(original, objects) > 0;
            }
        }

        events.AddRange(await BroughtBackScene.AppendAsync(restored, random.Next(1, 20), 4, "new"));
        _scene.Time.Advance(BroughtBackScene.Lease);
        left = random.Next(2) == 0 ? random.Next(1, 120) : int.MaxValue;
        var isCut = left < int.MaxValue
            && await Record.ExceptionAsync(() => _scene.AdoptAsync(restored, objects, LostTimeline.Remove)) is not null;
        left = int.MaxValue;
        _scene.Time.Advance(BroughtBackScene.Lease);
        var report = (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!;
        (await _scene.ArchiveAsync(restored, objects)).Obstacle.Should().BeNull();
        await _scene.CheckAsync(restored, objects, events);
        _scene.Time.Advance(TimeSpan.FromDays(2));
        await _scene.CompactAsync(restored, objects);
        await _scene.CheckAsync(restored, objects, events);
        return new Outcome(report.Removed > 0, report.Batches > 0, isCompacted, isMidway, isCut);

        Task CutAsync(string call) =>
            --left == 0 ? throw new SimulatedCrashException($"before {call}") : Task.CompletedTask;
    }

    private sealed record Outcome(bool Removed, bool Adopted, bool IsCompacted, bool IsMidway, bool IsCut);
}
