using System.Text;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>A manifest lists keys of the books and says something else of them.</summary>
[Trait("Row", "I09")]
public sealed class StrangeListingTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_key_of_the_books_that_is_listed_with_other_events_is_never_believed()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var (archive, events) = await ForgeAsync(
            objects, batch => (batch.Digest, Sha256Digest.Of(Encoding.UTF8.GetBytes("other events"))));

        for (var attempt = 0; attempt < 2; attempt++)
        {
            (await FluentActions.Awaiting(() => _scene.ArchiveAsync(archive, objects))
                .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain("LostTimeline.Remove");
        }

        (await _scene.AdoptAsync(archive, objects, LostTimeline.Remove))!.Removed.Should().Be(1);
        (await _scene.ArchiveAsync(archive, objects)).Obstacle.Should().BeNull();
        await _scene.CheckAsync(archive, objects, events);
        (await BroughtBackScene.KeysAsync(objects)).Should().NotContain(
            key => key.StartsWith("lost/", StringComparison.Ordinal), "its object is listed as it is");
    }

    [Fact]
    public async Task A_key_of_the_books_that_is_listed_with_another_digest_is_listed_with_its_own_again()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var (archive, events) = await ForgeAsync(
            objects, batch => (Sha256Digest.Of(Encoding.UTF8.GetBytes("another object")), batch.EventsDigest));

        (await _scene.ArchiveAsync(archive, objects)).Obstacle.Should().BeNull();

        await _scene.CheckAsync(archive, objects, events);
    }

    // A month is archived; the next manifest lists the first of its batches with other digests.
    private async Task<(SimulatedArchive Archive, IReadOnlyList<EventEnvelope> Events)> ForgeAsync(
        SimulatedObjectStore objects, Func<ManifestBatch, (Sha256Digest Digest, Sha256Digest EventsDigest)> forge)
    {
        var archive = new SimulatedArchive(_scene.Time);
        var events = await BroughtBackScene.AppendAsync(archive, 12, 1, "a");
        await _scene.ArchiveAsync(archive, objects);
        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!;
        var batch = listing.Batches[0];
        var (digest, eventsDigest) = forge(batch);
        var forged = new ManifestBatch(
            batch.Key,
            batch.After,
            batch.First,
            batch.Last,
            batch.EventCount,
            batch.Earliest,
            batch.Latest,
            batch.ContentBytes,
            batch.StoredBytes,
            digest,
            eventsDigest);
        await new ArchiveManifests(objects).PutAsync(
            listing.Next(9, _scene.Time.GetUtcNow(), [forged], [batch.Key], listing.Store), Cancellation);
        return (archive, events);
    }
}
