using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// A database that was brought back with an append, or a prepared transaction, that has not ended: its feed ends early,
/// and nobody takes that for a lost timeline.
/// </summary>
[Trait("Row", "I09")]
public sealed class UnsettledFeedTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Nobody_says_what_a_database_lacks_while_its_feed_is_held_back()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var (restored, events) = await BringBackAsync(objects);
        var (feed, archiver) = Open(restored, objects);
        using var owned = archiver;
        var (keys, batches) = (await BroughtBackScene.KeysAsync(objects), restored.Batches.ToList());
        Func<Task>[] attempts =
        [
            () => archiver.ArchiveAsync(cancellationToken: Cancellation),
            () => archiver.AdoptAsync(cancellationToken: Cancellation),
            () => archiver.AdoptAsync(LostTimeline.Remove, cancellationToken: Cancellation),
        ];
        foreach (var held in new[] { 29, 30, 36, 37, 41, 53 })
        {
            feed.Held = events[held].Position;
            foreach (var attempt in attempts)
            {
                var refused = (await FluentActions.Awaiting(attempt)
                    .Should().ThrowAsync<ArchiveRefusedException>()).Which;
                (refused.Reason, refused.IsTransient).Should().Be((ArchiveRefusal.Busy, true));
                refused.Detail.Should().Contain($"settled up to {feed.Held}").And.Contain("prepared transaction");
            }
        }

        (await BroughtBackScene.KeysAsync(objects)).Should().Equal(keys, "nothing was listed otherwise");
        restored.Batches.Take(batches.Count).Should().Equal(batches);
        feed.Held = null;
        (await archiver.AdoptAsync(LostTimeline.Remove, cancellationToken: Cancellation))!
            .Removed.Should().Be(0, "nothing is lost");
        (await archiver.ArchiveAsync(cancellationToken: Cancellation)).Obstacle.Should().BeNull();
        await _scene.CheckAsync(restored, objects, events);
    }

    [Fact]
    public async Task An_append_behind_all_that_is_listed_is_in_nobodys_way()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var (restored, events) = await BringBackAsync(objects);
        var later = await BroughtBackScene.AppendAsync(restored, 5, 8, "later");
        var (feed, archiver) = Open(restored, objects);
        using var owned = archiver;
        feed.Held = events[^1].Position;

        (await archiver.AdoptAsync(LostTimeline.Remove, cancellationToken: Cancellation))!.Removed.Should().Be(0);
        (await archiver.ArchiveAsync(cancellationToken: Cancellation)).Obstacle.Should().BeNull();

        feed.Held = null;
        await _scene.CheckAsync(restored, objects, [.. events, .. later]);
    }

    // 30 events are in the books, 25 more in the rows, and all of them are listed.
    private async Task<(SimulatedArchive Restored, IReadOnlyList<EventEnvelope> Events)> BringBackAsync(
        SimulatedObjectStore objects)
    {
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 25, 2, "a"));
        var restored = await original.CopyAsync(events);
        await _scene.ArchiveAsync(original, objects);
        _scene.Time.Advance(BroughtBackScene.Lease);
        return (restored, events);
    }

    private (HeldBackFeed Feed, Archiver Archiver) Open(SimulatedArchive restored, SimulatedObjectStore objects)
    {
        var parts = _scene.PartsOf(restored, objects);
        var feed = new HeldBackFeed(parts.Feed);
        return (feed, new Archiver(
            parts with { Feed = feed },
            new ArchivingOptions
            {
                OlderThan = TimeSpan.Zero,
                MaxEventsPerBatch = 8,
                LeaseDuration = BroughtBackScene.Lease,
            },
            new PassingTime(_scene.Time.GetUtcNow())));
    }
}
