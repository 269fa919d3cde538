using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class FileObjectStoreTests : ObjectStoreSuite
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-objects-");

    private string Root => Path.Combine(_folder.FullName, "archive");

    [Fact]
    public async Task Content_lies_under_the_path_that_the_key_is_so_that_every_tool_can_read_it()
    {
        await Store.PutIfAbsentAsync(new ObjectKey("a/b.json"), "{}"u8.ToArray(), cancellationToken: Cancellation);

        (await File.ReadAllTextAsync(Path.Combine(Root, "a", "b.json"), Cancellation)).Should().Be("{}");
    }

    [Fact]
    [Trait("PeerBug", "B28")]
    public async Task What_a_crash_leaves_behind_is_no_object_and_no_obstacle()
    {
        // A crash between the two names: attributes without content; and one before: a part.
        var key = new ObjectKey("a/b.json");
        await Store.PutIfAbsentAsync(
            key,
            "first"u8.ToArray(),
            new ObjectAttributes(new Dictionary<string, string>(StringComparer.Ordinal) { ["n"] = "1" }),
            Cancellation);
        File.Delete(Path.Combine(Root, "a", "b.json"));
        await File.WriteAllTextAsync(Path.Combine(Root, ".k1s0", "parts", "left"), "torso", Cancellation);

        (await Store.GetAsync(key, Cancellation)).Should().BeNull();
        (await Store.HeadAsync(key, Cancellation)).Should().BeNull();
        (await Store.ListAsync(cancellationToken: Cancellation).ToListAsync(Cancellation)).Should().BeEmpty();
        (await Store.PutIfAbsentAsync(key, "second"u8.ToArray(), cancellationToken: Cancellation))
            .Should().Be(PutOutcome.Stored);
        var found = (await Store.GetAsync(key, Cancellation))!;
        found.Content.ToArray().Should().Equal("second"u8.ToArray());
        found.Info.Attributes.Metadata.Should().BeEmpty();
    }

    [Fact]
    public async Task A_put_leaves_no_parts()
    {
        var key = new ObjectKey("a/b.json");
        foreach (var content in new[] { "first"u8.ToArray(), "first"u8.ToArray(), "other"u8.ToArray() })
        {
            await Store.PutIfAbsentAsync(key, content, cancellationToken: Cancellation);
        }

        Directory.EnumerateFiles(Path.Combine(Root, ".k1s0", "parts")).Should().BeEmpty();
    }

    [Fact]
    public async Task What_somebody_else_put_there_has_no_digest_and_is_served_to_nobody()
    {
        var key = new ObjectKey("foreign.json");
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(Path.Combine(Root, "foreign.json"), "{}", Cancellation);

        (await Store.HeadAsync(key, Cancellation))!.Digest.IsNone.Should().BeTrue();
        await FluentActions.Awaiting(() => Store.GetAsync(key, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>();
        (await Store.PutIfAbsentAsync(key, "{}"u8.ToArray(), cancellationToken: Cancellation))
            .Should().Be(PutOutcome.AlreadyStored);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("null")]
    [InlineData("""{"sha256":"12","storageClass":"Standard","metadata":{}}""")]
    public async Task Attributes_that_cannot_be_read_make_an_object_damaged(string attributes)
    {
        var key = new ObjectKey("a.json");
        await Store.PutIfAbsentAsync(key, "{}"u8.ToArray(), cancellationToken: Cancellation);
        await File.WriteAllTextAsync(
            Path.Combine(Root, ".k1s0", "attributes", "a.json.json"), attributes, Cancellation);

        await FluentActions.Awaiting(() => Store.GetAsync(key, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>();
    }

    [Fact]
    public async Task A_key_that_is_a_folder_of_another_is_refused_and_nothing_is_lost()
    {
        await Store.PutIfAbsentAsync(new ObjectKey("a/b"), "1"u8.ToArray(), cancellationToken: Cancellation);

        await FluentActions.Awaiting(() => Store.PutIfAbsentAsync(
                new ObjectKey("a/b/c"), "2"u8.ToArray(), cancellationToken: Cancellation))
            .Should().ThrowAsync<StoreOperationException>();

        (await Store.GetAsync(new ObjectKey("a/b"), Cancellation))!.Content.ToArray().Should().Equal("1"u8.ToArray());
    }

    [Fact]
    public async Task Two_stores_of_one_folder_exclude_each_other()
    {
        var other = new FileObjectStore(Root);
        for (var round = 0; round < 50; round++)
        {
            var key = new ObjectKey($"race/{round}.json");

            var outcomes = await Task.WhenAll(
                Task.Run(() => Store.PutIfAbsentAsync(key, "1"u8.ToArray(), cancellationToken: Cancellation)),
                Task.Run(() => other.PutIfAbsentAsync(key, "2"u8.ToArray(), cancellationToken: Cancellation)));

            outcomes.Should().BeEquivalentTo([PutOutcome.Stored, PutOutcome.Taken]);
        }
    }

    protected override Task<IObjectStore> CreateAsync() => Task.FromResult<IObjectStore>(new FileObjectStore(Root));

    protected override ValueTask RemoveAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    protected override async Task DamageAsync(ObjectKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var path = Path.Combine(Root, key.Value);
        var content = await File.ReadAllBytesAsync(path, Cancellation);
        content[content.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, content, Cancellation);
    }
}
