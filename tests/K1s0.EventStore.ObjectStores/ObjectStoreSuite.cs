using K1s0.EventStore.Archive;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.ObjectStores;

/// <summary>What every object store promises. Each test has a store of its own, empty.</summary>
public abstract class ObjectStoreSuite : IAsyncLifetime
{
    private static readonly ObjectKey Key = new("events/2026/07/01/13/one.batch.zst");

    private readonly Random _random = SeededRandom.Create();
    private IObjectStore? _store;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected IObjectStore Store => _store ?? throw new InvalidOperationException("The test has not begun.");

    public async ValueTask InitializeAsync() => _store = await CreateAsync();

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return RemoveAsync();
    }

    [Fact]
    public async Task What_was_put_comes_back_with_its_digest_and_attributes()
    {
        var content = Bytes(100_000);
        var attributes = new ObjectAttributes(
            Metadata(("event_count", "17"), ("time_range", "2026-07-01T13:00:00Z/2026-07-01T13:59:59Z")));

        (await Store.PutIfAbsentAsync(Key, content, attributes, Cancellation)).Should().Be(PutOutcome.Stored);

        var found = (await Store.GetAsync(Key, Cancellation))!;
        var info = (await Store.HeadAsync(Key, Cancellation))!;
        found.Content.ToArray().Should().Equal(content);
        foreach (var known in new[] { found.Info, info })
        {
            (known.Key, known.Length, known.Digest).Should().Be((Key, content.Length, Sha256Digest.Of(content)));
            known.Attributes.Metadata.Should().BeEquivalentTo(attributes.Metadata);
            known.Attributes.StorageClass.Should().Be(StorageClass.Standard);
            known.Restoration.IsReadable.Should().BeTrue();
            known.StoredAt.Should().BeAfter(DateTimeOffset.UnixEpoch);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5_000_000)]
    public async Task Objects_of_any_length_are_kept(int length)
    {
        var content = Bytes(length);

        await Store.PutIfAbsentAsync(Key, content, cancellationToken: Cancellation);

        (await Store.GetAsync(Key, Cancellation))!.Content.ToArray().Should().Equal(content);
        (await Store.HeadAsync(Key, Cancellation))!.Length.Should().Be(length);
    }

    [Fact]
    public async Task A_repeated_put_is_told_and_changes_nothing()
    {
        var content = Bytes(1_000);
        await Store.PutIfAbsentAsync(Key, content, new ObjectAttributes(Metadata(("n", "1"))), Cancellation);

        var again = await Store.PutIfAbsentAsync(Key, content.ToArray(), cancellationToken: Cancellation);

        again.Should().Be(PutOutcome.AlreadyStored);
        (await Store.HeadAsync(Key, Cancellation))!.Attributes.Metadata["n"].Should().Be("1");
    }

    [Fact]
    public async Task A_key_that_is_taken_stays_as_it_is()
    {
        var content = Bytes(1_000);
        await Store.PutIfAbsentAsync(Key, content, cancellationToken: Cancellation);

        var other = await Store.PutIfAbsentAsync(Key, Bytes(1_000), cancellationToken: Cancellation);

        other.Should().Be(PutOutcome.Taken);
        (await Store.GetAsync(Key, Cancellation))!.Content.ToArray().Should().Equal(content);
    }

    [Fact]
    public async Task Of_sixteen_racers_exactly_one_stores_its_object()
    {
        for (var round = 0; round < 10; round++)
        {
            var key = new ObjectKey($"race/{round}.json");
            var contents = Enumerable.Range(0, 16).Select(_ => Bytes(2_000)).ToArray();

            var outcomes = await Task.WhenAll(contents.Select(content => Task.Run(
                () => Store.PutIfAbsentAsync(key, content, cancellationToken: Cancellation))));

            outcomes.Count(outcome => outcome is PutOutcome.Stored).Should().Be(1, $"round {round}");
            outcomes.Count(outcome => outcome is PutOutcome.Taken).Should().Be(15, $"round {round}");
            var winner = Array.IndexOf(outcomes, PutOutcome.Stored);
            (await Store.GetAsync(key, Cancellation))!.Content.ToArray().Should().Equal(contents[winner]);
        }
    }

    [Fact]
    public async Task What_is_not_there_is_told_by_null()
    {
        (await Store.GetAsync(Key, Cancellation)).Should().BeNull();
        (await Store.GetRangeAsync(Key, ObjectRange.At(0, 1), Cancellation)).Should().BeNull();
        (await Store.GetRangeAsync(Key, ObjectRange.Last(1), Cancellation)).Should().BeNull();
        (await Store.HeadAsync(Key, Cancellation)).Should().BeNull();
        (await Store.SetStorageClassAsync(Key, StorageClass.InfrequentAccess, Cancellation)).Should().BeFalse();
        (await Store.RestoreAsync(Key, new RestoreRequest(), Cancellation)).Should().BeNull();
        (await KeysAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 1_000)]
    [InlineData(999, 1)]
    [InlineData(250, 500)]
    [InlineData(990, 100)]
    [InlineData(0, 5_000)]
    [InlineData(1_000, 1)]
    [InlineData(5_000, 10)]
    public async Task A_range_is_those_of_its_bytes_that_are_there(int offset, int length)
    {
        var content = Bytes(1_000);
        await Store.PutIfAbsentAsync(Key, content, cancellationToken: Cancellation);

        var slice = (await Store.GetRangeAsync(Key, ObjectRange.At(offset, length), Cancellation))!;

        slice.ObjectLength.Should().Be(1_000);
        slice.Offset.Should().Be(Math.Min(offset, 1_000));
        slice.Content.ToArray().Should().Equal(content.Skip(offset).Take(length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(1_000)]
    [InlineData(5_000)]
    public async Task The_last_bytes_come_without_knowing_how_many_there_are(int length)
    {
        var content = Bytes(1_000);
        await Store.PutIfAbsentAsync(Key, content, cancellationToken: Cancellation);

        var slice = (await Store.GetRangeAsync(Key, ObjectRange.Last(length), Cancellation))!;

        slice.Content.ToArray().Should().Equal(content.TakeLast(length));
        (slice.Offset, slice.ObjectLength).Should().Be((Math.Max(0, 1_000 - length), 1_000));
    }

    [Fact]
    public async Task Any_range_of_an_empty_object_is_empty()
    {
        await Store.PutIfAbsentAsync(Key, ReadOnlyMemory<byte>.Empty, cancellationToken: Cancellation);

        foreach (var range in new[] { ObjectRange.At(0, 1), ObjectRange.Last(5) })
        {
            var slice = (await Store.GetRangeAsync(Key, range, Cancellation))!;
            (slice.Offset, slice.Content.Length, slice.ObjectLength).Should().Be((0, 0, 0));
        }
    }

    [Fact]
    public async Task Keys_are_listed_once_in_the_order_of_their_bytes()
    {
        string[] keys =
        [
            "a", "a-b/c.json", "a.b", "a0", "aB", "b/a.json", "b/b/c.json", "b/b-c.json", "b/b.json", "b/B.json",
            .. Enumerable.Range(0, 40).Select(number => $"c/{number:D3}.json"), "d=e/_f.json", "z",
        ];
        foreach (var key in keys.OrderBy(_ => _random.Next()))
        {
            // "a" and "b/b" are no folders of others here: that is not portable.
            await Store.PutIfAbsentAsync(new ObjectKey(key), Bytes(key.Length), cancellationToken: Cancellation);
        }

        var sorted = keys.Order(StringComparer.Ordinal).ToArray();
        (await KeysAsync()).Should().Equal(sorted);
        foreach (var prefix in new[] { "a", "b/", "b/b", "c/01", "c/015.json", "nothing", "c" })
        {
            (await KeysAsync(prefix)).Should().Equal(
                sorted.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)), prefix);
        }

        foreach (var after in new[] { "a", "b/b/c.json", "c/019.json", "c/0195", "zz", "b/b" })
        {
            (await KeysAsync(after: after)).Should().Equal(
                sorted.Where(key => string.CompareOrdinal(key, after) > 0), after);
            (await KeysAsync("c/", after)).Should().Equal(
                sorted.Where(key => key.StartsWith("c/", StringComparison.Ordinal))
                    .Where(key => string.CompareOrdinal(key, after) > 0),
                after);
        }

        await foreach (var entry in Store.ListAsync(cancellationToken: Cancellation))
        {
            entry.Length.Should().Be(entry.Key.Value.Length);
        }
    }

    [Fact]
    public async Task A_removed_object_is_gone_and_its_key_free()
    {
        await Store.PutIfAbsentAsync(Key, Bytes(10), new ObjectAttributes(Metadata(("n", "1"))), Cancellation);

        await Store.DeleteAsync(Key, Cancellation);
        await Store.DeleteAsync(Key, Cancellation);

        (await Store.GetAsync(Key, Cancellation)).Should().BeNull();
        (await KeysAsync()).Should().BeEmpty();
        var content = Bytes(20);
        (await Store.PutIfAbsentAsync(Key, content, cancellationToken: Cancellation)).Should().Be(PutOutcome.Stored);
        var found = (await Store.GetAsync(Key, Cancellation))!;
        found.Content.ToArray().Should().Equal(content);
        found.Info.Attributes.Metadata.Should().BeEmpty();
    }

    [Fact]
    public async Task Removing_what_was_never_there_is_harmless()
    {
        await Store.DeleteAsync(new ObjectKey("never/there.json"), Cancellation);

        (await KeysAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task An_object_lies_where_it_was_put_and_moves_with_content_and_metadata()
    {
        var content = Bytes(1_000);
        await Store.PutIfAbsentAsync(
            Key,
            content,
            new ObjectAttributes(Metadata(("event_count", "3")), StorageClass.InfrequentAccess),
            Cancellation);
        (await Store.HeadAsync(Key, Cancellation))!.Attributes.StorageClass
            .Should().Be(StorageClass.InfrequentAccess);

        for (var repeat = 0; repeat < 2; repeat++)
        {
            (await Store.SetStorageClassAsync(Key, StorageClass.InstantArchive, Cancellation)).Should().BeTrue();
        }

        var found = (await Store.GetAsync(Key, Cancellation))!;
        found.Content.ToArray().Should().Equal(content);
        found.Info.Attributes.StorageClass.Should().Be(StorageClass.InstantArchive);
        found.Info.Attributes.Metadata.Should().BeEquivalentTo(Metadata(("event_count", "3")));
        (await Store.RestoreAsync(Key, new RestoreRequest(), Cancellation))!.Value.State
            .Should().Be(RestorationState.NotNeeded);
    }

    [Fact]
    public async Task What_changed_where_it_lies_is_named_and_served_to_nobody()
    {
        await Store.PutIfAbsentAsync(Key, Bytes(1_000), cancellationToken: Cancellation);
        await DamageAsync(Key);

        var damaged = await Assert.ThrowsAsync<ObjectDamagedException>(() => Store.GetAsync(Key, Cancellation));

        damaged.Key.Should().Be(Key.Value);
        damaged.Message.Should().Contain("SHA-256");
    }

    [Fact]
    public async Task What_is_longer_than_it_can_be_is_named_and_not_read()
    {
        await Store.PutIfAbsentAsync(Key, Bytes(1_000), cancellationToken: Cancellation);

        var longer = await Assert.ThrowsAsync<ObjectDamagedException>(() => Store.GetAsync(Key, 999, Cancellation));

        longer.Key.Should().Be(Key.Value);
        longer.Message.Should().Contain("1000").And.Contain("999");
        (await Store.GetAsync(Key, 1_000, Cancellation))!.Content.Length.Should().Be(1_000);
        (await Store.GetAsync(new ObjectKey("absent"), 0, Cancellation)).Should().BeNull();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.GetAsync(Key, -1, Cancellation));
    }

    [Fact]
    public async Task A_put_that_was_given_up_before_leaves_nothing()
    {
        await FluentActions.Awaiting(() => Store.PutIfAbsentAsync(
                Key, Bytes(1_000), cancellationToken: new CancellationToken(canceled: true)))
            .Should().ThrowAsync<OperationCanceledException>();

        (await Store.HeadAsync(Key, Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Readers_see_the_whole_object_or_none_while_it_is_put_and_removed()
    {
        const int Least = 30;
        var contents = Enumerable.Range(0, 3).Select(number => Bytes(50_000 + number)).ToArray();
        using var enough = new CancellationTokenSource();
        var rounds = 0;
        var writing = Task.Run(async () =>
        {
            for (var round = 0; round < Least || !enough.IsCancellationRequested; round++)
            {
                await Store.PutIfAbsentAsync(Key, contents[round % 3], cancellationToken: Cancellation);
                await Store.DeleteAsync(Key, Cancellation);
                Volatile.Write(ref rounds, round + 1);
            }
        });

        // Both as often, at least, whichever of them is faster.
        try
        {
            for (var reads = 0; reads < Least || (Volatile.Read(ref rounds) < Least && !writing.IsCompleted); reads++)
            {
                if (await Store.GetAsync(Key, Cancellation) is { } found)
                {
                    Array.Exists(contents, content => found.Content.Span.SequenceEqual(content)).Should().BeTrue();
                }
            }
        }
        finally
        {
            await enough.CancelAsync();
            await writing;
        }

        rounds.Should().BeGreaterThanOrEqualTo(Least);
    }

    /// <summary>A store without objects.</summary>
    protected abstract Task<IObjectStore> CreateAsync();

    /// <summary>Removes the store.</summary>
    protected virtual ValueTask RemoveAsync() => ValueTask.CompletedTask;

    /// <summary>Changes a byte of the content where it lies; all that is stored besides stays.</summary>
    protected abstract Task DamageAsync(ObjectKey key);

    private static Dictionary<string, string> Metadata(params (string Name, string Value)[] entries) =>
        entries.ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        lock (_random)
        {
            _random.NextBytes(bytes);
        }

        return bytes;
    }

    private async Task<List<string>> KeysAsync(string prefix = "", string? after = null)
    {
        var keys = new List<string>();
        await foreach (var entry in Store.ListAsync(prefix, after is null ? null : new ObjectKey(after), Cancellation))
        {
            keys.Add(entry.Key.Value);
        }

        return keys;
    }
}
