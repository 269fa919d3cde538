using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive.Tests;

public sealed class ArchiveManifestTests
{
    private static ArchiveListing Empty => ArchiveListing.Empty(Corpus.Store);

    [Fact]
    public void The_bytes_of_a_manifest_are_those_of_the_documentation()
    {
        var first = Empty.Next(4, ManifestSamples.Time, ManifestSamples.Batches(0, 1));
        var second = Empty.With(first).Next(5, ManifestSamples.Time, ManifestSamples.Batches(1, 1));

        Encoding.UTF8.GetString(first.Content.Span).Should().Be(
            """
            {"manifest":1,"number":1,"base":1,"store":"01980000-0000-7000-8000-000000000001","epoch":3,"leader":4,"createdAt":"2026-07-01T13:00:00.000000Z","removed":0,"added":1,"batches":1,"events":10,"contentBytes":1000,"storedBytes":300}
            {"key":"events/2026/07/01/13/00000000000000000002-00000000000000000011-1.batch.zst","after":0,"first":2,"last":11,"events":10,"earliest":"2026-07-01T13:00:00.000000Z","latest":"2026-07-01T13:00:11.000007Z","contentBytes":1000,"storedBytes":300,"digest":"OBJECT","eventsDigest":"EVENTS"}

            """.Replace("OBJECT", first.Added[0].Digest.ToString(), StringComparison.Ordinal)
                .Replace("EVENTS", first.Added[0].EventsDigest.ToString(), StringComparison.Ordinal));
        Encoding.UTF8.GetString(second.Content.Span).Should().StartWith(
            """{"manifest":1,"number":2,"base":1,"store":"01980000-0000-7000-8000-000000000001","epoch":3,"leader":5,"createdAt":"2026-07-01T13:00:00.000000Z","previous":"""
            + $"\"{Sha256Digest.Of(first.Content.Span)}\",\"removed\":0,\"added\":1,\"batches\":2,\"events\":20,");
        second.Previous.Should().Be(first.Digest);
    }

    [Fact]
    public void A_manifest_that_is_read_is_the_one_that_was_written()
    {
        var listing = Empty.With(Empty.Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 3)));
        var written = listing.Next(
            2, ManifestSamples.Time, [ManifestSamples.Batch(0, 22, "compact")],
            [listing.Batches[0].Key, listing.Batches[1].Key], new StoreIdentity(Corpus.Store.StoreId, 4));

        var read = ArchiveManifest.Read(written.Content);

        read.Digest.Should().Be(written.Digest);
        read.Removed.Should().Equal(written.Removed);
        read.Added.Should().Equal(written.Added);
        var after = listing.With(read);
        after.Batches.Select(batch => (batch.After.Value, batch.Last.Value)).Should().Equal((0, 22), (22, 33));
        (after.Store.Epoch, after.EventCount, after.Number).Should().Be((4, 31, 2));
    }

    [Fact]
    public void Every_changed_byte_makes_another_digest_and_no_cut_is_a_manifest()
    {
        var content = Empty.Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 3)).Content.ToArray();
        for (var length = 0; length < content.Length; length++)
        {
            var cut = content.AsMemory(0, length);
            FluentActions.Invoking(() => ArchiveManifest.Read(cut)).Should().Throw<InvalidFormatException>();
        }
    }

    [Theory]
    [InlineData("\"number\":1", "\"number\":-1")]
    [InlineData("\"number\":1", "\"number\":1.0")]
    [InlineData("\"number\":1", "\"number\":99999999999999999999")]
    [InlineData("\"base\":1", "\"base\":2")]
    [InlineData("\"base\":1,", "\"base\":1,\"more\":1,")]
    [InlineData("\"removed\":0", "\"removed\":1")]
    [InlineData("\"added\":3", "\"added\":2147483647")]
    [InlineData("\"added\":3", "\"added\":2")]
    [InlineData("\"leader\":1,", "")]
    [InlineData("2026-07-01T13:00:00.000000Z", "2026-07-01T13:00:00Z")]
    [InlineData("\"key\":\"events/", "\"key\":\"../events/")]
    [InlineData("\"key\":\"events/", "\"key\":\"\\u0065vents/")]
    [InlineData("\"after\":11", "\"after\":10")]
    [InlineData("\"first\":13", "\"first\":9")]
    [InlineData("\"events\":10,\"earliest\"", "\"events\":11,\"earliest\"")]
    [InlineData("\"storedBytes\":300,\"digest\"", "\"storedBytes\":0,\"digest\"")]
    [InlineData("\"contentBytes\":1000,\"storedBytes\":300,\"digest\"", "\"contentBytes\":9223372036854775807,\"storedBytes\":300,\"digest\"")]
    [InlineData("\"storedBytes\":300,\"digest\"", "\"storedBytes\":9223372036854775807,\"digest\"")]
    [InlineData("\n", "\r\n")]
    [InlineData("\n", "\n\n")]
    public void What_is_no_manifest_is_refused_by_type(string part, string instead)
    {
        var text = Encoding.UTF8.GetString(
            Empty.Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 3)).Content.Span);
        var at = text.IndexOf(part, StringComparison.Ordinal);
        at.Should().BeGreaterThanOrEqualTo(0);
        var changed = Encoding.UTF8.GetBytes(text[..at] + instead + text[(at + part.Length)..]);

        FluentActions.Invoking(() => ArchiveManifest.Read(changed)).Should().Throw<InvalidFormatException>();
    }

    [Fact]
    public void Another_version_is_told_from_damage()
    {
        var text = Encoding.UTF8.GetString(
            Empty.Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 1)).Content.Span);
        var newer = Encoding.UTF8.GetBytes(text.Replace("\"manifest\":1", "\"manifest\":2", StringComparison.Ordinal));

        FluentActions.Invoking(() => ArchiveManifest.Read(newer))
            .Should().Throw<UnsupportedFormatException>().Which.FoundVersion.Should().Be(2);
    }

    [Fact]
    public void A_listing_has_every_event_once()
    {
        var listing = Empty.With(Empty.Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 3)));

        FluentActions.Invoking(() => listing.Next(1, ManifestSamples.Time, ManifestSamples.Batches(2, 1)))
            .Should().Throw<ArgumentException>("it is listed already");
        FluentActions.Invoking(() => listing.Next(1, ManifestSamples.Time, ManifestSamples.Batches(4, 1)))
            .Should().Throw<ArgumentException>("a batch is missing before it");
        FluentActions.Invoking(() => listing.Next(1, ManifestSamples.Time, [], [listing.Batches[1].Key]))
            .Should().Throw<ArgumentException>("its events would be gone");
        FluentActions.Invoking(() => listing.Next(1, ManifestSamples.Time, [], [new ObjectKey("events/none")]))
            .Should().Throw<ArgumentException>("it is not listed");
    }

    [Fact]
    public void Complete_manifests_come_so_often_that_reading_stays_short()
    {
        var listing = Empty;
        var bytes = 0L;
        var numbersToRead = 0L;
        for (var number = 0; number < 1_000; number++)
        {
            var manifest = listing.Next(1, ManifestSamples.Time, ManifestSamples.Batches(number, 1));
            bytes += manifest.Content.Length;
            numbersToRead = Math.Max(numbersToRead, manifest.Number - manifest.Base);
            listing = listing.With(ArchiveManifest.Read(manifest.Content));
        }

        listing.EventCount.Should().Be(10_000);
        numbersToRead.Should().Be(255);
        bytes.Should().BeLessThan(5 * 1_000 * 500);
    }

    [Fact]
    public void A_manifest_of_another_store_or_place_is_a_conflict()
    {
        var first = Empty.Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 1));
        var listing = Empty.With(first);
        var foreign = ArchiveListing.Empty(new StoreIdentity(Guid.CreateVersion7(), 1))
            .Next(1, ManifestSamples.Time, ManifestSamples.Batches(0, 1));
        var otherFirst = Empty.Next(2, ManifestSamples.Time, ManifestSamples.Batches(0, 1));
        var afterOther = Empty.With(otherFirst).Next(2, ManifestSamples.Time, ManifestSamples.Batches(1, 1));

        FluentActions.Invoking(() => Empty.With(foreign)).Should().Throw<ManifestConflictException>();
        FluentActions.Invoking(() => listing.With(first)).Should().Throw<ManifestConflictException>();
        FluentActions.Invoking(() => listing.With(afterOther))
            .Should().Throw<ManifestConflictException>("it continues another first one").Which.Number.Should().Be(2);
    }
}
