using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// A database is brought back into the middle of a run, whose batches the bucket has listed, merged and removed since.
/// </summary>
[Trait("Row", "I09")]
public sealed class BroughtBackMidwayTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(nameof(IArchiveCatalog.PlanAsync), 2)]
    [InlineData(nameof(IArchiveCatalog.BeginUploadAsync), 1)]
    [InlineData(nameof(IArchiveCatalog.FinishUploadAsync), 2)]
    [InlineData(nameof(IArchiveCatalog.VerifyAsync), 3)]
    [InlineData(nameof(IArchiveCatalog.PlanManifestAsync), 1)]
    [InlineData(nameof(IArchiveCatalog.ListManifestAsync), 1)]
    public async Task What_was_merged_since_is_no_lost_timeline_and_nothing_is_listed_that_is_gone(
        string call, int number)
    {
        foreach (var before in new[] { 0, 12 })
        {
            foreach (var adopts in new[] { false, true })
            {
                var (objects, restored, events) = await BringBackAsync(call, number, before);
                if (adopts)
                {
                    (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!.Removed.Should().Be(0);
                    await CheckListedAsync(objects);
                }
                else if (before == 0 && call is not nameof(IArchiveCatalog.ListManifestAsync))
                {
                    // Books without any manifest never take a bucket over by themselves.
                    await FluentActions.Awaiting(() => _scene.ArchiveAsync(restored, objects))
                        .Should().ThrowAsync<ManifestConflictException>();
                    continue;
                }

                var report = await _scene.ArchiveAsync(restored, objects);

                report.Obstacle.Should().BeNull();
                await CheckListedAsync(objects);
                await _scene.CheckAsync(restored, objects, events);
            }
        }
    }

    [Fact]
    public async Task A_verified_batch_whose_object_is_gone_is_not_listed_but_made_anew()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var left = int.MaxValue;
        var archive = new SimulatedArchive(_scene.Time, name => Cut(name, nameof(IArchiveCatalog.PlanManifestAsync)));
        var events = await BroughtBackScene.AppendAsync(archive, 20, 1, "a");
        left = 1;
        await FluentActions.Awaiting(() => _scene.ArchiveAsync(archive, objects))
            .Should().ThrowAsync<SimulatedCrashException>();
        left = int.MaxValue;
        archive.Batches.Should().OnlyContain(batch => batch.State == ArchiveState.Verified).And.HaveCount(3);
        await objects.DeleteAsync(new ObjectKey(archive.Batches[1].Stored!.Key), Cancellation);
        _scene.Time.Advance(BroughtBackScene.Lease);

        using var archiver = new Archiver(
            _scene.PartsOf(archive, objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero, Prune = false },
            _scene.Time);
        await archiver.ArchiveAsync(cancellationToken: Cancellation);

        archive.Rows.Should().HaveCount(20, "no month left, so nothing was proved on its way");
        for (var number = 1; await new ArchiveManifests(objects).ReadAsync(number, Cancellation) is { } manifest; number++)
        {
            foreach (var batch in manifest.Added)
            {
                (await objects.HeadAsync(batch.Key, Cancellation))!.Digest.Should().Be(batch.Digest);
            }
        }

        await _scene.CheckAsync(archive, objects, events);

        Task Cut(string name, string at) => string.Equals(name, at, StringComparison.Ordinal) && --left == 0
            ? throw new SimulatedCrashException(at)
            : Task.CompletedTask;
    }

    // Months are archived; the last run ends at a call, and the database is copied. The original goes on: it lists,
    // merges and removes.
    private async Task<(SimulatedObjectStore Objects, SimulatedArchive Restored, IReadOnlyList<EventEnvelope> Events)>
        BringBackAsync(string call, int number, int before)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var left = int.MaxValue;
        var original = new SimulatedArchive(
            _scene.Time,
            name => string.Equals(name, call, StringComparison.Ordinal) && --left == 0
                ? throw new SimulatedCrashException(call)
                : Task.CompletedTask);
        var events = new List<EventEnvelope>();
        if (before > 0)
        {
            events.AddRange(await BroughtBackScene.AppendAsync(original, before, 1, "a"));
            (await _scene.ArchiveAsync(original, objects)).PrunedMonths.Should().ContainSingle();
        }

        events.AddRange(await BroughtBackScene.AppendAsync(original, 30, 2, "a"));
        left = number;
        await FluentActions.Awaiting(() => _scene.ArchiveAsync(original, objects))
            .Should().ThrowAsync<SimulatedCrashException>();
        left = int.MaxValue;
        var restored = await original.CopyAsync(events);
        _scene.Time.Advance(BroughtBackScene.Lease);
        await _scene.ArchiveAsync(original, objects);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        await _scene.CompactAsync(original, objects);
        (await BroughtBackScene.KeysAsync(objects)).Where(key => key.StartsWith("events/", StringComparison.Ordinal))
            .Should().ContainSingle("the others were removed");
        return (objects, restored, events);
    }

    private static async Task CheckListedAsync(SimulatedObjectStore objects)
    {
        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!;
        foreach (var batch in listing.Batches)
        {
            (await objects.HeadAsync(batch.Key, Cancellation))!.Digest.Should().Be(batch.Digest, "{0}", batch.Key);
        }
    }
}
