using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class ArchiveManifestsTests
{
    private readonly SimulatedObjectStore _objects = new(new ManualTime(ManifestSamples.Time));
    private readonly ArchiveManifests _manifests;

    public ArchiveManifestsTests() => _manifests = new ArchiveManifests(_objects);

    [Fact]
    public async Task The_latest_listing_is_read_from_the_complete_manifest_on()
    {
        var written = await WriteAsync(300);

        var read = (await _manifests.ReadLatestAsync())!;

        _objects.Calls.Count(call => string.Equals(call.Method, "GetAsync", StringComparison.Ordinal)).Should().Be(44);
        (read.Number, read.Digest, read.EventCount).Should().Be((300, written.Digest, 3_000));
        read.Batches.Should().Equal(written.Batches);
        (await _manifests.ReadLatestAsync(fromFirst: true))!.Batches.Should().Equal(read.Batches);
    }

    [Fact]
    public async Task An_empty_bucket_has_no_listing()
    {
        (await _manifests.ReadLatestAsync()).Should().BeNull();
        (await _manifests.ReadAsync(1)).Should().BeNull();
    }

    [Fact]
    public async Task A_number_is_taken_once()
    {
        var empty = ArchiveListing.Empty(Corpus.Store);
        var first = empty.Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 1));
        await _manifests.PutAsync(first);
        await _manifests.PutAsync(first);

        await FluentActions.Awaiting(() => _manifests.PutAsync(
                empty.Next(2, ManifestSamples.Time, ManifestSamples.Batches(0, 1))))
            .Should().ThrowAsync<ManifestConflictException>();

        (await _manifests.ReadAsync(1))!.Digest.Should().Be(first.Digest);
    }

    [Fact]
    public async Task One_changed_byte_anywhere_is_found_and_named()
    {
        await WriteAsync(3);
        foreach (var number in new long[] { 1, 2, 3 })
        {
            var key = ArchiveManifest.KeyOf(number);
            var length = (int)(await _objects.HeadAsync(key))!.Length;
            for (var at = 0; at < length; at += 37)
            {
                _objects.Damage(key, content => Flip(content, at));
                (await FluentActions.Awaiting(() => _manifests.ReadLatestAsync(fromFirst: true))
                    .Should().ThrowAsync<ObjectDamagedException>()).Which.Key.Should().Be(key.Value);
                _objects.Damage(key, content => Flip(content, at));
            }
        }

        (await _manifests.ReadLatestAsync())!.Number.Should().Be(3);
    }

    [Fact]
    public async Task A_manifest_that_was_replaced_as_a_whole_is_found()
    {
        await WriteAsync(3);
        var other = ArchiveListing.Empty(Corpus.Store).Next(9, ManifestSamples.Time, ManifestSamples.Batches(0, 1));
        await _objects.DeleteAsync(ArchiveManifest.KeyOf(1));
        await _manifests.PutAsync(other);

        (await FluentActions.Awaiting(() => _manifests.ReadLatestAsync())
            .Should().ThrowAsync<ManifestConflictException>()).Which.Number.Should().Be(2);
    }

    [Fact]
    public async Task A_missing_manifest_is_named()
    {
        await WriteAsync(3);
        await _objects.DeleteAsync(ArchiveManifest.KeyOf(2));

        (await FluentActions.Awaiting(() => _manifests.ReadLatestAsync())
            .Should().ThrowAsync<ObjectDamagedException>()).Which.Key.Should().Be(ArchiveManifest.KeyOf(2).Value);
    }

    private static byte[] Flip(byte[] content, int at)
    {
        content[at] ^= 1;
        return content;
    }

    private async Task<ArchiveListing> WriteAsync(int count)
    {
        var listing = ArchiveListing.Empty(Corpus.Store);
        for (var number = 0; number < count; number++)
        {
            var manifest = listing.Next(1, ManifestSamples.Time, ManifestSamples.Batches(number, 1));
            await _manifests.PutAsync(manifest);
            listing = listing.With(manifest);
        }

        return listing;
    }
}
