using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// A leader stalls for longer than its lease between the manifests and the books, and another one goes on meanwhile:
/// what the first one has read was never there at one time, and it does not advise to give anything up.
/// </summary>
[Trait("Row", "I09")]
public sealed class FollowedLeaderTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Who_was_followed_while_it_followed_a_compaction_says_so(int listing)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        var stall = new Stall(listing, archive => _scene.ArchiveAsync(archive, objects));
        var restored = await original.CopyAsync(events, call => stall.BeforeAsync(call, _scene));
        _scene.Time.Advance(TimeSpan.FromHours(2));
        (await _scene.CompactAsync(original, objects)).Should().Be(1);
        events.AddRange(await BroughtBackScene.AppendAsync(restored, 25, 2, "b"));

        await CheckAsync(restored, objects, events, stall);
    }

    [Fact]
    public async Task Who_was_followed_by_one_that_gave_a_timeline_up_says_so()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        var stall = new Stall(1, async archive =>
        {
            (await _scene.AdoptAsync(archive, objects, LostTimeline.Remove))!.Removed.Should().BePositive();
            await _scene.ArchiveAsync(archive, objects);
        });
        var restored = await original.CopyAsync(events, call => stall.BeforeAsync(call, _scene));
        await BroughtBackScene.AppendAsync(original, 25, 2, "lost");
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(restored, 25, 2, "b"));

        await CheckAsync(restored, objects, events, stall);
    }

    private async Task CheckAsync(
        SimulatedArchive restored, SimulatedObjectStore objects, IReadOnlyList<EventEnvelope> events, Stall stall)
    {
        _scene.Time.Advance(BroughtBackScene.Lease);
        var last = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!.Number;
        var slow = BesideStore.Around(objects, (call, key) =>
        {
            if (call is nameof(IObjectStore.GetAsync) && key == ArchiveManifest.KeyOf(last + 1))
            {
                // All manifests are read.
                stall.Arm(restored);
            }

            return Task.CompletedTask;
        });

        var refused = (await FluentActions.Awaiting(() => _scene.ArchiveAsync(restored, slow))
            .Should().ThrowAsync<ArchiveRefusedException>()).Which;

        stall.IsOver.Should().BeTrue();
        refused.Reason.Should().Be(ArchiveRefusal.Moved);
        refused.InnerException.Should().BeOfType<ManifestConflictException>();
        (await _scene.ArchiveAsync(restored, objects)).Obstacle.Should().BeNull();
        await _scene.CheckAsync(restored, objects, events);
    }

    // Before the books are listed for the n-th time since it was armed.
    private sealed class Stall(int listing, Func<SimulatedArchive, Task> another)
    {
        private SimulatedArchive? _archive;
        private int _left = listing;

        public bool IsOver => _left <= 0;

        public void Arm(SimulatedArchive archive) => _archive ??= archive;

        public async Task BeforeAsync(string call, BroughtBackScene scene)
        {
            if (_archive is { } archive && call is nameof(IArchiveCatalog.ListBatchesAsync) && --_left == 0)
            {
                scene.Time.Advance(2 * BroughtBackScene.Lease);
                await another(archive);
            }
        }
    }
}
