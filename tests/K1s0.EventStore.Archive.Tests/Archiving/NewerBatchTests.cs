using K1s0.EventStore.Integrity;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>A newer program has written a batch: it is whole, and this program gives nothing up and replaces nothing.</summary>
[Trait("Row", "I09")]
public sealed class NewerBatchTests : IDisposable
{
    private readonly BroughtBackScene _scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_listed_behind_the_books_or_in_the_place_of_theirs_is_not_given_up(bool isKnown)
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var original = new SimulatedArchive(_scene.Time);
        var events = new List<EventEnvelope>(await BroughtBackScene.AppendAsync(original, 30, 1, "a"));
        await _scene.ArchiveAsync(original, objects);
        events.AddRange(await BroughtBackScene.AppendAsync(original, 25, 2, "a"));
        var restored = await original.CopyAsync(events);
        await _scene.ArchiveAsync(original, objects);
        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!;
        await ListNewerAsync(objects, listing, listing.Batches[isKnown ? 1 : restored.Batches.Count + 1]);
        var before = await BroughtBackScene.KeysAsync(objects);
        _scene.Time.Advance(BroughtBackScene.Lease);

        await FluentActions.Awaiting(() => _scene.ArchiveAsync(restored, objects))
            .Should().ThrowAsync<UnsupportedFormatException>();
        await FluentActions.Awaiting(() => _scene.AdoptAsync(restored, objects, LostTimeline.Remove))
            .Should().ThrowAsync<UnsupportedFormatException>();

        (await BroughtBackScene.KeysAsync(objects)).Should().Equal(before, "nothing is listed otherwise");
    }

    [Fact]
    public async Task Who_proves_a_batch_of_the_books_does_not_find_it_damaged()
    {
        var objects = new SimulatedObjectStore(_scene.Time);
        var archive = new SimulatedArchive(_scene.Time);
        await BroughtBackScene.AppendAsync(archive, 30, 1, "a");
        using (var archiver = new Archiver(
            _scene.PartsOf(archive, objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero, Prune = false, MaxEventsPerBatch = 8 },
            _scene.Time))
        {
            await archiver.ArchiveAsync(cancellationToken: Cancellation);
        }

        var batch = archive.Batches[1];
        var newer = await PutNewerAsync(objects, batch.Stored!.Key);
        var (proof, fault) = (default(BatchProof), default(string));

        await FluentActions.Awaiting(async () => (proof, fault) = await BatchProof.ReadAsync(
                objects,
                batch with
                {
                    Stored = new BatchObject(
                        newer.Key.Value, newer.Content.Length, newer.Digest, batch.Stored.IndexDigest),
                },
                await archive.GetIdentityAsync(Cancellation),
                Cancellation))
            .Should().ThrowAsync<UnsupportedFormatException>();
        (proof, fault).Should().Be((null, null));
    }

    private async Task ListNewerAsync(SimulatedObjectStore objects, ArchiveListing listing, ManifestBatch batch)
    {
        var newer = await PutNewerAsync(objects, batch.Key.Value);
        var listed = new ManifestBatch(
            newer.Key,
            batch.After,
            batch.First,
            batch.Last,
            batch.EventCount,
            batch.Earliest,
            batch.Latest,
            batch.ContentBytes,
            newer.Content.Length,
            newer.Digest,
            batch.EventsDigest);
        await new ArchiveManifests(objects).PutAsync(
            listing.Next(9, _scene.Time.GetUtcNow(), [listed], [batch.Key], listing.Store), Cancellation);
    }

    private static async Task<(ObjectKey Key, ReadOnlyMemory<byte> Content, Sha256Digest Digest)> PutNewerAsync(
        SimulatedObjectStore objects, string key)
    {
        var found = (await objects.GetAsync(new ObjectKey(key), 1024 * 1024, Cancellation))!;
        var content = found.Content.ToArray();
        content[content.AsSpan().IndexOf("K1S0BTCH"u8) + 8] = 2;
        var newer = new ObjectKey(key.Replace(".batch.", "newer.batch.", StringComparison.Ordinal));
        await objects.PutIfAbsentAsync(newer, content, found.Info.Attributes, Cancellation);
        return (newer, content, Sha256Digest.Of(content));
    }
}
