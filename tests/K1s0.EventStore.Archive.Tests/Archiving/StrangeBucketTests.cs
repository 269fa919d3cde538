using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>The books have begun a manifest, and find another one of its number in the bucket.</summary>
[Trait("Row", "I09")]
public sealed class StrangeBucketTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_manifest_that_was_begun_is_not_given_up_for_the_one_of_another_store(int number)
    {
        var (own, theirs) = (new SimulatedObjectStore(_scene.Time), new SimulatedObjectStore(_scene.Time));
        var archive = await BeginAsync(own, number);
        var stranger = new SimulatedArchive(_scene.Time);
        for (var month = 1; month <= number; month++)
        {
            await BroughtBackScene.AppendAsync(stranger, 10, month, "b");
            await _scene.ArchiveAsync(stranger, theirs);
        }

        var before = await BroughtBackScene.KeysAsync(theirs);
        var batches = archive.Batches.ToList();
        foreach (var adopts in new[] { false, true })
        {
            (await FluentActions.Awaiting(async () => _ = adopts
                    ? (object?)await _scene.AdoptAsync(archive, theirs, LostTimeline.Remove)
                    : await _scene.ArchiveAsync(archive, theirs))
                .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain("of store");

            (await archive.FindOpenManifestAsync(Cancellation))!.Number.Should().Be(number);
            archive.Batches.Should().Equal(batches);
            (await BroughtBackScene.KeysAsync(theirs)).Should().Equal(before);
        }

        // In its own bucket it goes on.
        (await _scene.ArchiveAsync(archive, own)).Obstacle.Should().BeNull();
    }

    [Fact]
    public async Task A_manifest_that_was_begun_is_not_put_into_a_bucket_that_does_not_have_the_one_before()
    {
        var (own, theirs) = (new SimulatedObjectStore(_scene.Time), new SimulatedObjectStore(_scene.Time));
        var archive = await BeginAsync(own, 2);
        var stranger = new SimulatedArchive(_scene.Time);
        await BroughtBackScene.AppendAsync(stranger, 10, 1, "b");
        await _scene.ArchiveAsync(stranger, theirs);
        foreach (var objects in new[] { theirs, new SimulatedObjectStore(_scene.Time) })
        {
            var before = await BroughtBackScene.KeysAsync(objects);

            (await FluentActions.Awaiting(() => _scene.ArchiveAsync(archive, objects))
                .Should().ThrowAsync<ManifestConflictException>()).Which.Number.Should().Be(2);

            (await BroughtBackScene.KeysAsync(objects)).Should().Equal(before);
        }

        (await _scene.ArchiveAsync(archive, own)).Obstacle.Should().BeNull();
    }

    [Fact]
    public async Task A_copy_whose_first_manifest_came_second_stores_nothing_before_it_has_adopted_the_first_one()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 20, 1, "a"));
        var copy = await original.CopyAsync(events);
        await CutAsync(copy, objects, 1);
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(copy, 5, 2, "a"));
        _scene.Time.Advance(BroughtBackScene.Lease);
        var before = await BroughtBackScene.KeysAsync(objects);

        await FluentActions.Awaiting(() => _scene.ArchiveAsync(copy, objects))
            .Should().ThrowAsync<ManifestConflictException>();
        (await BroughtBackScene.KeysAsync(objects)).Should().Equal(before);
        (await _scene.AdoptAsync(copy, objects, LostTimeline.Refuse))!.Manifest.Should().BePositive();

        (await _scene.ArchiveAsync(copy, objects)).Obstacle.Should().BeNull();
        await _scene.CheckAsync(copy, objects, events);
    }

    // Ends when it has planned a manifest and has not put it.
    private async Task<SimulatedArchive> BeginAsync(SimulatedObjectStore objects, int number)
    {
        var archive = new SimulatedArchive(_scene.Time);
        for (var month = 1; month < number; month++)
        {
            await BroughtBackScene.AppendAsync(archive, 10, month, "a");
            await _scene.ArchiveAsync(archive, objects);
        }

        await BroughtBackScene.AppendAsync(archive, 10, number, "a");
        await CutAsync(archive, objects, number);
        _scene.Time.Advance(BroughtBackScene.Lease);
        return archive;
    }

    private async Task CutAsync(SimulatedArchive archive, SimulatedObjectStore objects, int number)
    {
        await FluentActions.Awaiting(() => _scene.ArchiveAsync(archive, BesideStore.Around(
                objects,
                (call, key) => call is nameof(IObjectStore.PutIfAbsentAsync) && key == ArchiveManifest.KeyOf(number)
                    ? throw new SimulatedCrashException("before the manifest")
                    : Task.CompletedTask)))
            .Should().ThrowAsync<SimulatedCrashException>();
        (await archive.GetStatusAsync(Cancellation)).ManifestIsOpen.Should().BeTrue();
    }
}
