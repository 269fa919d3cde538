using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive.Tests;

public sealed class ObjectTypesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("events/2026/07/01/13/00000000000000000001-00000000000000000900-x.batch.zst")]
    [InlineData("A-Z_a.z=0/9")]
    [InlineData("tile/0/000.p/17")]
    public void A_key_is_text_in_parts(string value)
    {
        new ObjectKey(value).ToString().Should().Be(value);
        ObjectKey.TryParse(value, out var key).Should().BeTrue();
        key.Should().Be(new ObjectKey(value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a/..")]
    [InlineData(".k1s0/attributes/a")]
    [InlineData("a.")]
    [InlineData("a/b./c")]
    [InlineData("a\\b")]
    [InlineData("C:/a")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData("a%2e%2e/b")]
    [InlineData("ä")]
    [InlineData("~")]
    public void What_leads_elsewhere_or_means_something_somewhere_is_no_key(string value)
    {
        FluentActions.Invoking(() => new ObjectKey(value)).Should().Throw<ArgumentException>();
        ObjectKey.TryParse(value, out _).Should().BeFalse();
    }

    [Fact]
    public void A_key_and_each_of_its_parts_have_a_limit()
    {
        new ObjectKey($"{new string('a', 200)}/{new string('b', 200)}/{new string('c', 110)}").Value.Should().HaveLength(512);
        ObjectKey.TryParse(new string('a', 201), out _).Should().BeFalse();
        ObjectKey.TryParse(string.Join('/', Enumerable.Repeat("abcdefgh", 57)), out _).Should().BeTrue();
        ObjectKey.TryParse(string.Join('/', Enumerable.Repeat("abcdefgh", 58)), out _).Should().BeFalse();
        ObjectKey.TryParse(value: null, out _).Should().BeFalse();
    }

    [Theory]
    [InlineData("Upper", "x")]
    [InlineData("", "x")]
    [InlineData("sha256", "x")]
    [InlineData("n", "")]
    [InlineData("n", " x")]
    [InlineData("n", "x ")]
    [InlineData("n", "x\ny")]
    [InlineData("n", "ä")]
    public void Metadata_is_what_every_store_can_keep(string name, string value)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [name] = value };

        FluentActions.Invoking(() => new ObjectAttributes(metadata)).Should().Throw<ArgumentException>();
        ObjectAttributes.TryCreate(metadata, StorageClass.Standard).Should().BeNull();
    }

    [Fact]
    public void Metadata_has_a_limit_and_is_copied()
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["n"] = new string('x', 1_535) };
        var attributes = new ObjectAttributes(metadata, StorageClass.DeepArchive);
        metadata["m"] = "1";

        attributes.Metadata.Should().ContainSingle();
        attributes.StorageClass.Should().Be(StorageClass.DeepArchive);
        FluentActions.Invoking(() => new ObjectAttributes(metadata)).Should().Throw<ArgumentException>();
        ObjectAttributes.TryCreate(metadata, StorageClass.Standard).Should().BeNull();
    }

    [Fact]
    public void Ranges_lie_within_objects()
    {
        ObjectRange.At(5, 10).Within(100).Should().Be((5, 10));
        ObjectRange.At(5, 10).Within(7).Should().Be((5, 2));
        ObjectRange.At(5, 10).Within(3).Should().Be((3, 0));
        ObjectRange.Last(10).Within(100).Should().Be((90, 10));
        ObjectRange.Last(10).Within(4).Should().Be((0, 4));
        ObjectRange.Last(10).Within(0).Should().Be((0, 0));
        default(ObjectRange).Should().Be(ObjectRange.At(0, 1));
        FluentActions.Invoking(() => ObjectRange.At(-1, 1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => ObjectRange.At(0, 0)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => ObjectRange.Last(0)).Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData(StorageClass.Standard, RestorePriority.Standard, 0)]
    [InlineData(StorageClass.FlexibleArchive, RestorePriority.Expedited, 5)]
    [InlineData(StorageClass.FlexibleArchive, RestorePriority.Standard, 300)]
    [InlineData(StorageClass.FlexibleArchive, RestorePriority.Bulk, 720)]
    [InlineData(StorageClass.DeepArchive, RestorePriority.Standard, 720)]
    [InlineData(StorageClass.DeepArchive, RestorePriority.Bulk, 2_880)]
    public void A_restore_takes_what_is_documented(StorageClass from, RestorePriority priority, int minutes) =>
        RestoreRequest.Estimate(from, priority).Should().Be(TimeSpan.FromMinutes(minutes));

    [Fact]
    public void A_restore_request_has_days_within_limits_and_nothing_is_expedited_from_the_deep_archive()
    {
        RestoreRequest.Estimate(StorageClass.DeepArchive, RestorePriority.Expedited).Should().BeNull();
        new RestoreRequest().Should().Be(new RestoreRequest(RestorePriority.Standard, 7));
        FluentActions.Invoking(() => new RestoreRequest(days: 0)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new RestoreRequest(days: 366)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void An_object_of_another_length_than_it_should_have_is_damaged_whatever_its_digest_is()
    {
        var info = new ObjectInfo(
            new ObjectKey("a"), 3, Sha256Digest.Of("{}"u8), ObjectAttributes.None, default, default);

        FluentActions.Invoking(() => new StoredObject(info, "{}"u8.ToArray()))
            .Should().Throw<ObjectDamagedException>().WithMessage("Object a is damaged*");
    }
}
