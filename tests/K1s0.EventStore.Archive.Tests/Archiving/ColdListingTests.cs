using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// The bucket of a database that was brought back lists what lies in a cold class: it is named, all of it at once, and
/// nothing is given up for that. When a ticket has made it readable, the adoption goes on.
/// </summary>
[Trait("Row", "I09")]
[Trait("Row", "L17")]
public sealed class ColdListingTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_merged_batch_that_is_cold_is_restored_before_the_books_go_over_to_it()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = await BroughtBackScene.AppendAsync(original, 30, 1, "a");
        await _scene.ArchiveAsync(original, objects);
        var restored = await original.CopyAsync(events);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        var merged = original.Batches.Single().Stored!.Key;
        await CoolAsync(objects, merged);

        await CheckRestoredAsync(restored, objects, events, [merged], removed: 0);

        restored.Batches.Should().ContainSingle().Which.Stored!.Key.Should().Be(merged);
    }

    // The last batches are of a lost timeline: the rows say so, and nobody has to pay for reading them.
    [Fact]
    public async Task All_that_the_rows_have_is_named_at_once_and_nothing_of_a_lost_timeline()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 24, 2, "a"));
        var restored = await original.CopyAsync(events);
        var known = original.Batches.Count;
        await BroughtBackScene.AppendAsync(original, 12, 3, "lost");
        await _scene.ArchiveAsync(original, objects);
        var ahead = original.Batches.Skip(known).Select(batch => batch.Stored!.Key).ToList();
        ahead.Should().HaveCount(5, "of 8 events: three that the rows have, and two that they do not");
        foreach (var key in ahead.Skip(1))
        {
            await CoolAsync(objects, key);
        }

        await CheckRestoredAsync(restored, objects, events, [ahead[1], ahead[2]], removed: 2);
    }

    // The books have batches of their own, which the bucket lists no more: another timeline has merged them.
    [Fact]
    public async Task What_is_to_be_listed_again_is_named_though_no_listing_has_it()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = await BroughtBackScene.AppendAsync(original, 30, 1, "a");
        await _scene.ArchiveAsync(original, objects);
        var restored = await original.CopyAsync(events);
        var own = restored.Batches.Select(batch => batch.Stored!.Key).ToList();
        restored.Batches.Should().OnlyContain(batch => batch.State == ArchiveState.Pruned);
        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        objects.Damage(
            new ObjectKey(original.Batches.Single().Stored!.Key), content => [.. content.SkipLast(1), 0]);
        foreach (var key in own)
        {
            await CoolAsync(objects, key);
        }

        _scene.Time.Advance(BroughtBackScene.Lease);
        (await FluentActions.Awaiting(() => _scene.AdoptAsync(restored, objects, LostTimeline.Remove))
            .Should().ThrowAsync<RestoreRequiredException>()).Which.Keys.Should().Equal(own);
        await RestoreAsync(objects, own);

        (await _scene.AdoptAsync(restored, objects, LostTimeline.Remove))!.Removed.Should().Be(1);
        await _scene.CheckAsync(restored, objects, events);
    }

    private static async Task CoolAsync(SimulatedObjectStore objects, string key) =>
        (await objects.SetStorageClassAsync(new ObjectKey(key), StorageClass.DeepArchive, Cancellation))
            .Should().BeTrue();

    private async Task RestoreAsync(SimulatedObjectStore objects, IReadOnlyList<string> keys)
    {
        var restores = new ArchiveRestores(objects, timeProvider: _scene.Time);
        var ticket = await restores.RequestAsync(keys, new RestoreRequest(days: 10), Cancellation);
        (await restores.GetStatusAsync(ticket, Cancellation)).State.Should().Be(RestoreTicketState.UnderWay);
        _scene.Time.Advance(ticket.Estimate);
        (await restores.GetStatusAsync(ticket, Cancellation)).State.Should().Be(RestoreTicketState.Ready);
    }

    private async Task CheckRestoredAsync(
        SimulatedArchive archive,
        SimulatedObjectStore objects,
        IReadOnlyList<EventEnvelope> events,
        IReadOnlyList<string> cold,
        int removed)
    {
        _scene.Time.Advance(BroughtBackScene.Lease);
        var keys = await BroughtBackScene.KeysAsync(objects);
        Func<Task>[] attempts =
        [
            () => _scene.ArchiveAsync(archive, objects),
            () => _scene.AdoptAsync(archive, objects, LostTimeline.Refuse),
            () => _scene.AdoptAsync(archive, objects, LostTimeline.Remove),
        ];
        foreach (var attempt in attempts)
        {
            var required = (await FluentActions.Awaiting(attempt)
                .Should().ThrowAsync<RestoreRequiredException>()).Which;
            required.Keys.Should().Equal(cold);
            (required.Key, required.IsUnderWay, required.Estimate)
                .Should().Be((cold[0], false, TimeSpan.FromHours(12)));
            required.Message.Should().Contain("ArchiveRestores.RequestAsync").And.Contain("Nothing was given up.");
        }

        (await BroughtBackScene.KeysAsync(objects)).Should().Equal(keys, "nothing was listed, and nothing given up");
        await objects.RestoreAsync(new ObjectKey(cold[0]), new RestoreRequest(days: 10), Cancellation);
        var begun = (await FluentActions.Awaiting(attempts[^1]).Should().ThrowAsync<RestoreRequiredException>()).Which;
        begun.Keys.Should().Equal(cold);
        begun.IsUnderWay.Should().Be(cold.Count == 1, "it says so of all of them");
        await RestoreAsync(objects, cold);
        (await _scene.AdoptAsync(archive, objects, LostTimeline.Remove))!.Removed.Should().Be(removed);
        (await _scene.ArchiveAsync(archive, objects)).Obstacle.Should().BeNull();
        await _scene.CheckAsync(archive, objects, events);
    }
}
