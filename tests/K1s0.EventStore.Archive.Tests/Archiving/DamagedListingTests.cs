using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// The bucket of a database that was brought back lists what is damaged or gone: the next run says so, and goes on when
/// somebody gives it up.
/// </summary>
[Trait("Row", "I09")]
public sealed class DamagedListingTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    public async Task What_the_books_do_not_have_yet_is_stored_anew_of_the_rows(int number, bool isGone)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 25, 2, "a"));
        var restored = await original.CopyAsync(events);
        var known = original.Batches.Count;
        await _scene.ArchiveAsync(original, objects);
        var key = await BreakAsync(objects, original.Batches[known + number].Stored!.Key, isGone);

        await CheckGivenUpAsync(restored, objects, events, key, original.Batches.Count - known - number);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_came_in_the_place_of_a_whole_batch_of_the_books_is_not_gone_over_to(bool isGone)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var archive = new SimulatedArchive(_scene.Time);
        var events = await BroughtBackScene.AppendAsync(archive, 30, 1, "a");
        await _scene.ArchiveAsync(archive, objects);
        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!;
        var batch = listing.Batches[1];
        var made = await RecutBatch.CutAsync(objects, [batch], batch.After, batch.Last, Cancellation);
        var anew = await made.PutAsync(
            objects, () => Task.FromResult(new Lease("x", "y", 77, _scene.Time.GetUtcNow())), Cancellation);
        anew.Key.Should().NotBe(batch.Key);
        await new ArchiveManifests(objects).PutAsync(
            listing.Next(9, _scene.Time.GetUtcNow(), [anew], [batch.Key], listing.Store), Cancellation);
        var key = await BreakAsync(objects, anew.Key.Value, isGone);

        await CheckGivenUpAsync(archive, objects, events, key, 1);
    }

    // One database falls behind; the other one merges what both have, and that is broken.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_merged_of_batches_of_the_books_is_not_gone_over_to(bool isGone)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = await BroughtBackScene.AppendAsync(original, 30, 1, "a");
        await _scene.ArchiveAsync(original, objects);
        var restored = await original.CopyAsync(events);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        var key = await BreakAsync(objects, original.Batches.Single().Stored!.Key, isGone);
        _scene.Time.Advance(BroughtBackScene.Lease);

        await CheckGivenUpAsync(restored, objects, events, key, 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_missing_of_the_listing_is_said_before_anything_is_read(bool isGone)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 8, 2, "a"));
        var restored = await original.CopyAsync(events, isNewEpoch: false);
        await BroughtBackScene.AppendAsync(original, 20, 2, "lost");
        await _scene.ArchiveAsync(original, objects);
        (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!.Removed.Should().BePositive();
        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(restored, objects)).Should().Be(1);
        await BreakAsync(objects, restored.Batches[0].Stored!.Key, isGone);
        _scene.Time.Advance(BroughtBackScene.Lease);

        for (var attempt = 0; attempt < 2; attempt++)
        {
            (await FluentActions.Awaiting(() => _scene.ArchiveAsync(original, objects))
                .Should().ThrowAsync<ManifestConflictException>()).Which.Detail
                .Should().Contain("does not list what the books do").And.Contain("LostTimeline.Remove");
        }
    }

    // A month has left; another database merges its batches and removes them, and what it made of them is broken too.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_nowhere_any_more_stays_listed_and_is_named_and_everything_else_goes_on(bool isGone)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        var restored = await original.CopyAsync(events);
        var keys = restored.Batches.Select(batch => batch.Stored!.Key).ToList();
        var backups = new List<StoredObject>();
        foreach (var batch in restored.Batches)
        {
            batch.State.Should().Be(ArchiveState.Pruned);
            backups.Add((await objects.GetAsync(
                new ObjectKey(batch.Stored!.Key), batch.Stored.StoredBytes, Cancellation))!);
        }

        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        _scene.Time.Advance(TimeSpan.FromHours(3));
        await _scene.CompactAsync(original, objects);
        (await BroughtBackScene.KeysAsync(objects)).Should().NotContain(keys);
        var key = await BreakAsync(objects, original.Batches.Single().Stored!.Key, isGone);
        _scene.Time.Advance(BroughtBackScene.Lease);
        var next = await BroughtBackScene.AppendAsync(restored, 25, 2, "b");
        for (var attempt = 0; attempt < 2; attempt++)
        {
            (await FluentActions.Awaiting(() => _scene.ArchiveAsync(restored, objects))
                .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain(key)
                .And.Contain("LostTimeline.Remove").And.Contain(nameof(ArchiveAdoptionReport.Missing));
        }

        var report = (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!;
        (report.Removed, report.Missing).Should().Be((1, keys.Count));
        report = (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!;
        (report.Removed, report.Missing).Should().Be((0, 0));
        var run = await _scene.ArchiveAsync(restored, objects);

        (run.Obstacle, run.Events, run.PrunedMonths.Count).Should().Be((null, next.Count, 1));
        await FluentActions.Awaiting(() => ReadAsync(restored, objects, default))
            .Should().ThrowAsync<EventStoreException>().WithMessage($"*{keys[0]}*");
        (await ReadAsync(restored, objects, events[^1].Position)).Should().Equal(next);
        var verified = await new ArchiveVerifier(objects).VerifyAsync(Cancellation);
        verified.IsWhole.Should().BeFalse();
        verified.Findings.Where(finding => finding.Kind is ArchiveFindingKind.Missing).Select(finding => finding.Key)
            .Should().Equal(keys);
        foreach (var backup in backups)
        {
            await objects.PutIfAbsentAsync(
                backup.Info.Key, backup.Content, backup.Info.Attributes, Cancellation);
        }

        await _scene.CheckAsync(restored, objects, [.. events, .. next]);
    }

    private async Task<IReadOnlyList<EventEnvelope>> ReadAsync(
        SimulatedArchive archive, IObjectStore objects, Position after)
    {
        var read = new List<EventEnvelope>();
        await foreach (var envelope in _scene.PartsOf(archive, objects).Feed.ReadFeedAsync(
            after, pageSize: 13, cancellationToken: Cancellation))
        {
            read.Add(envelope);
        }

        return read;
    }

    private static async Task<string> BreakAsync(SimulatedObjectStore objects, string key, bool isGone)
    {
        if (isGone)
        {
            await objects.DeleteAsync(new ObjectKey(key), Cancellation);
        }
        else
        {
            objects.Damage(new ObjectKey(key), content => [.. content.SkipLast(1), 0]);
        }

        return key;
    }

    private async Task CheckGivenUpAsync(
        SimulatedArchive archive,
        SimulatedObjectStore objects,
        IReadOnlyList<EventEnvelope> events,
        string key,
        int removed)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            (await FluentActions.Awaiting(() => _scene.ArchiveAsync(archive, objects))
                .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain(key)
                .And.Contain("LostTimeline.Remove");
        }

        (await _scene.AdoptAsync(archive, objects, LostTimeline.Remove))!.Removed.Should().Be(removed);
        (await _scene.ArchiveAsync(archive, objects)).Obstacle.Should().BeNull();

        await _scene.CheckAsync(archive, objects, events);
    }
}
