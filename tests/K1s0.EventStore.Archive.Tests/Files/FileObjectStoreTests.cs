using K1s0.EventStore.Integrity;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class FileObjectStoreTests : ReplaceableObjectStoreSuite
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

    [Fact]
    public async Task The_names_of_folders_that_somebody_else_made_are_flushed_before_an_object_in_them_counts()
    {
        // As another process leaves them that has made folders and not flushed their names yet.
        Directory.CreateDirectory(Path.Combine(Root, "a", "b"));
        var flushed = new List<string>();
        var store = new FileObjectStore(Root, timeProvider: null, flushed.Add);

        await store.PutIfAbsentAsync(new ObjectKey("a/b/c.json"), "1"u8.ToArray(), cancellationToken: Cancellation);

        flushed.Should().Contain([_folder.FullName, Root, Path.Combine(Root, "a"), Path.Combine(Root, "a", "b")]);
        flushed.Clear();
        await store.PutIfAbsentAsync(new ObjectKey("a/b/d.json"), "1"u8.ToArray(), cancellationToken: Cancellation);
        flushed.Should().NotContain(Path.Combine(Root, "a"), "once is enough");
    }

    [Fact]
    public async Task A_delete_that_is_repeated_flushes_what_the_first_one_may_have_left()
    {
        var key = new ObjectKey("a/b.json");
        await Store.PutIfAbsentAsync(key, "1"u8.ToArray(), cancellationToken: Cancellation);
        var fails = true;
        var flushed = new List<string>();
        var store = new FileObjectStore(
            Root, timeProvider: null, folder => Flush(fails ? throw new IOException("The disk is gone.") : folder));
        await FluentActions.Awaiting(() => store.DeleteAsync(key, Cancellation))
            .Should().ThrowAsync<WriteOutcomeUnknownException>();
        fails = false;

        await store.DeleteAsync(key, Cancellation);

        flushed.Should().Contain(Path.Combine(Root, "a"));
        (await store.HeadAsync(key, Cancellation)).Should().BeNull();

        void Flush(string folder) => flushed.Add(folder);
    }

    [Fact]
    public async Task A_put_compares_only_while_nobody_else_changes_the_object()
    {
        var key = new ObjectKey("a/b.json");
        await Store.PutIfAbsentAsync(key, "1"u8.ToArray(), cancellationToken: Cancellation);
        var locks = new FileObjectLocks(Path.Combine(Root, ".k1s0", "locks"), TimeProvider.System);
        using var held = await locks.TakeAsync(key, Cancellation);
        var store = new FileObjectStore(Root, new HurriedTime());

        await FluentActions.Awaiting(() => store.PutIfAbsentAsync(
                key, "1"u8.ToArray(), cancellationToken: Cancellation))
            .Should().ThrowAsync<StoreOperationException>("the lock is held, and nothing is known without it");
    }

    [Fact]
    public async Task A_crash_while_a_content_is_replaced_leaves_the_one_or_the_other()
    {
        var key = new ObjectKey("checkpoint");
        var path = Path.Combine(Root, "checkpoint");
        var store = new FileObjectStore(Root);
        await store.PutIfAbsentAsync(key, "old"u8.ToArray(), cancellationToken: Cancellation);
        var flushes = 0;
        for (var crashAt = 1; ; crashAt++)
        {
            flushes = 0;
            var crashing = new FileObjectStore(
                Root,
                timeProvider: null,
                _ =>
                {
                    if (++flushes == crashAt)
                    {
                        throw new IOException("The machine is gone.");
                    }
                });
            var failed = await Record.ExceptionAsync(() => crashing.ReplaceAsync(
                key, Sha256Digest.Of("old"u8), "new!"u8.ToArray(), cancellationToken: Cancellation));

            var found = (await store.GetAsync(key, Cancellation))!;
            var info = (await store.HeadAsync(key, Cancellation))!;
            found.Content.ToArray().Should().Equal(await File.ReadAllBytesAsync(path, Cancellation));
            (info.Digest, info.Length).Should().Be((found.Info.Digest, found.Content.Length));
            if (failed is null)
            {
                found.Content.ToArray().Should().Equal("new!"u8.ToArray());
                crashAt.Should().BeGreaterThan(3);
                return;
            }

            failed.Should().BeOfType<WriteOutcomeUnknownException>();
            (await store.ReplaceAsync(
                key, found.Info.Digest, "old"u8.ToArray(), cancellationToken: Cancellation)).Should().BeTrue();
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

    // Thirty seconds go by between two looks at it.
    private sealed class HurriedTime : TimeProvider
    {
        private long _timestamp;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _timestamp += 31 * TimeSpan.TicksPerSecond;
    }
}
