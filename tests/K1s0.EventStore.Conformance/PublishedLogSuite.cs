using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Conformance;

/// <summary>
/// What every place promises that a log is published to: whatever fails and whoever comes second, outsiders find a
/// checkpoint with all that it needs. Each test has a place of its own, empty.
/// </summary>
public abstract class PublishedLogSuite : IAsyncLifetime
{
    private const string Origin = "example.com/published";

    private readonly PemTreeHeadSigner _signer = NewSigner();
    private readonly InMemoryEventStore _store = new();
    private readonly InMemoryLeaseStore _leases = new();
    private IPublishedLog? _target;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IPublishedLog Target => _target ?? throw new InvalidOperationException("The test has not begun.");

    private InMemoryLedgerStore? Ledger { get; set; }

    public async ValueTask InitializeAsync()
    {
        Ledger = new InMemoryLedgerStore(_store, _leases);
        _target = await CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _signer.Dispose();
        await RemoveAsync();
    }

    [Fact]
    public async Task What_is_published_is_the_whole_log_at_every_size()
    {
        (await PublishAsync()).Should().BeNull("nothing is sealed yet");
        foreach (var count in new[] { 1, 200, 55, 1, 300, 256 })
        {
            await GrowAsync(count);

            var published = await PublishAsync();

            (await VerifyAsync()).Should().Be(published);
            (await PublishAsync()).Should().Be(published, "publishing again changes nothing");
        }
    }

    [Fact]
    public async Task Partial_files_are_kept_as_long_as_the_full_one_is_not_there_and_no_longer()
    {
        foreach (var expected in new string[][]
        {
            ["tile/0/000.p/100", "tile/entries/000.p/100"],
            ["tile/0/000.p/100", "tile/0/000.p/200", "tile/entries/000.p/100", "tile/entries/000.p/200"],
            ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"],
        })
        {
            await GrowAsync(100);
            await PublishAsync();

            (await FilesAsync()).Keys.Where(path => path.Contains(".p/", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).Should().Equal(expected);
        }

        (await VerifyAsync())!.Size.Should().Be(300);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_failure_at_any_file_what_is_published_is_complete_and_the_next_try_goes_on(bool afterwards)
    {
        await GrowAsync(250);
        await PublishAsync();
        await GrowAsync(270);
        var failures = 0;
        for (var failAt = 1; ; failAt++)
        {
            var target = new Failing(Target) { FailAt = failAt, FailsAfterwards = afterwards };
            try
            {
                await PublishAsync(target);
                break;
            }
            catch (StoreUnavailableException)
            {
                failures++;
            }

            (await VerifyAsync())!.Size.Should().Be(target.HasReplaced ? 520 : 250);
            if (target.HasReplaced)
            {
                break;
            }
        }

        (await PublishAsync())!.Size.Should().Be(520);
        (await VerifyAsync())!.Size.Should().Be(520);
        failures.Should().Be(10, "seven files, two sets of partial ones and the checkpoint");
    }

    [Fact]
    public async Task A_file_that_is_there_with_other_content_stays_and_is_told()
    {
        const string path = "tile/0/000.p/3";
        (await Target.PutAsync(path, new byte[96], Cancellation)).Should().BeTrue();
        (await Target.PutAsync(path, new byte[96], Cancellation)).Should().BeTrue("it is there with this content");
        (await Target.PutAsync(path, new byte[95], Cancellation)).Should().BeFalse();
        await GrowAsync(3);

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(() => PublishAsync());

        refusal.Message.Should().Contain(path);
        (await FilesAsync()).Should().NotContainKey("checkpoint");
        (await FilesAsync())[path].Should().Equal(new byte[96]);
    }

    [Fact]
    public async Task The_checkpoint_is_replaced_only_if_it_is_the_one_that_was_read()
    {
        var (first, second, other) = ("first"u8.ToArray(), "second"u8.ToArray(), "other"u8.ToArray());
        (await Target.ReadCheckpointAsync(Cancellation)).Should().BeNull();
        (await Target.ReplaceCheckpointAsync(second, first, Cancellation)).Should().BeFalse("there is none");

        (await Target.ReplaceCheckpointAsync(null, first, Cancellation)).Should().BeTrue();
        (await Target.ReplaceCheckpointAsync(null, other, Cancellation)).Should().BeFalse("there is one");
        (await Target.ReplaceCheckpointAsync(first, second, Cancellation)).Should().BeTrue();
        (await Target.ReplaceCheckpointAsync(first, other, Cancellation)).Should().BeFalse("it is another one");

        (await Target.ReadCheckpointAsync(Cancellation))!.Value.ToArray().Should().Equal(second);
    }

    [Fact]
    public async Task Of_many_that_replace_one_checkpoint_exactly_one_does()
    {
        var known = "0"u8.ToArray();
        await Target.ReplaceCheckpointAsync(null, known, Cancellation);
        for (var round = 1; round <= 10; round++)
        {
            var contents = Enumerable.Range(0, 8).Select(racer => new[] { (byte)round, (byte)racer }).ToArray();

            var outcomes = await Task.WhenAll(contents.Select(content => Task.Run(() => TryAsync(known, content))));

            var winner = Assert.Single(outcomes.Index(), outcome => outcome.Item).Index;
            known = (await Target.ReadCheckpointAsync(Cancellation))!.Value.ToArray();
            known.Should().Equal(contents[winner]);
        }
    }

    [Fact]
    public async Task Of_two_publishers_the_one_that_is_late_does_not_set_the_log_back()
    {
        var late = new Late(Target);
        await GrowAsync(3);
        var waiting = PublishAsync(late);
        await late.Reached.Task;
        await GrowAsync(3);
        await PublishAsync();
        late.GoOn.SetResult();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => waiting);

        (await VerifyAsync())!.Size.Should().Be(6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../outside")]
    [InlineData("a//b")]
    [InlineData("/root")]
    [InlineData("a/./b")]
    public async Task A_path_that_leads_out_of_the_log_is_refused(string path)
    {
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Target.PutAsync(path, new byte[1], Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Target.RemovePartialsAsync(path, Cancellation));
        (await FilesAsync()).Should().BeEmpty();
    }

    /// <summary>A place where nothing is published.</summary>
    protected abstract Task<IPublishedLog> CreateAsync();

    /// <summary>All files of the log by their paths within it, as outsiders see them.</summary>
    protected abstract Task<IReadOnlyDictionary<string, byte[]>> FilesAsync();

    /// <summary>Removes the place.</summary>
    protected virtual ValueTask RemoveAsync() => ValueTask.CompletedTask;

    private static PemTreeHeadSigner NewSigner()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PemTreeHeadSigner.Create(Origin, key.ExportPkcs8PrivateKeyPem());
    }

    // Whoever finds it locked was too late as well.
    private async Task<bool> TryAsync(byte[] known, byte[] content)
    {
        try
        {
            return await Target.ReplaceCheckpointAsync(known, content, Cancellation);
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    private Task<TreeHead?> PublishAsync(IPublishedLog? target = null) =>
        new LogPublisher(Ledger!, Options(target ?? Target)).PublishAsync(Cancellation);

    private LedgerOptions Options(IPublishedLog? target = null) =>
        new() { Origin = Origin, Signers = { _signer }, PublishTo = target };

    private async Task GrowAsync(int count)
    {
        var stream = new StreamId("order", Guid.CreateVersion7().ToString());
        await _store.AppendAsync(
            stream,
            Enumerable.Range(0, count).Select(n => EventEnvelope.Create(stream, "placed", "{}"u8.ToArray())),
            cancellationToken: Cancellation);
        var sealer = new LogSealer(Ledger!, _leases, Options());
        (await sealer.SealAsync(Cancellation)).HasMore.Should().BeFalse();
        await sealer.SignAsync(Cancellation);
        await sealer.ReleaseAsync(Cancellation);
    }

    // From the files and the public key alone: everything fits together, and is the store.
    private async Task<TreeHead?> VerifyAsync()
    {
        var files = await FilesAsync();
        if (!files.TryGetValue("checkpoint", out var checkpoint))
        {
            return null;
        }

        TreeHead.TryOpen(SignedNote.Parse(checkpoint), Origin, [_signer.Key], out var head).Should().BeTrue();
        var entries = new List<LeafRecord>();
        for (var start = 0L; start < head!.Size; start += MerkleTile.FullWidth)
        {
            var width = (int)Math.Min(MerkleTile.FullWidth, head.Size - start);
            var index = start / MerkleTile.FullWidth;
            var bundle = files.GetValueOrDefault(EntryBundle.Path(index, width))
                ?? files[EntryBundle.Path(index, MerkleTile.FullWidth)];
            entries.AddRange(EntryBundle.Read(bundle).Take(width).Select(entry => LeafRecord.Read(entry.Span)));
        }

        var builder = new TileBuilder();
        entries.ForEach(entry => builder.Append(entry.LeafHash()));
        (builder.Size, builder.Root).Should().Be((head.Size, head.Root));
        foreach (var tile in builder.TakeTiles())
        {
            var bytes = files.GetValueOrDefault(tile.Tile.Path) ?? files[tile.Tile.ToFull().Path];
            bytes[..tile.Bytes.Length].Should().Equal(tile.Bytes.ToArray());
        }

        var feed = await _store.ReadFeedPageAsync(Position.Start, null, 10_000, Cancellation);
        entries.Should().Equal(feed.Events.Take(entries.Count).Select(LeafRecord.Of));
        return head;
    }

    // Fails at a chosen call, before or after doing what it was asked for.
    private sealed class Failing(IPublishedLog inner) : IPublishedLog
    {
        private int _calls;

        public int FailAt { get; init; }

        public bool FailsAfterwards { get; init; }

        public bool HasReplaced { get; private set; }

        public Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken) =>
            inner.ReadCheckpointAsync(cancellationToken);

        public Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            AtAsync(() => inner.PutAsync(path, content, cancellationToken));

        public Task RemovePartialsAsync(string path, CancellationToken cancellationToken) => AtAsync(async () =>
        {
            await inner.RemovePartialsAsync(path, cancellationToken);
            return true;
        });

        public Task<bool> ReplaceCheckpointAsync(
            ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken) =>
            AtAsync(async () =>
                HasReplaced = await inner.ReplaceCheckpointAsync(expected, checkpoint, cancellationToken));

        private async Task<bool> AtAsync(Func<Task<bool>> action)
        {
            var fails = Interlocked.Increment(ref _calls) == FailAt;
            if (fails && !FailsAfterwards)
            {
                throw new StoreUnavailableException("The target failed.");
            }

            var result = await action();
            return fails ? throw new StoreUnavailableException("The target failed.") : result;
        }
    }

    // Stands still before the checkpoint.
    private sealed class Late(IPublishedLog inner) : IPublishedLog
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken) =>
            inner.ReadCheckpointAsync(cancellationToken);

        public Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            inner.PutAsync(path, content, cancellationToken);

        public Task RemovePartialsAsync(string path, CancellationToken cancellationToken) =>
            inner.RemovePartialsAsync(path, cancellationToken);

        public async Task<bool> ReplaceCheckpointAsync(
            ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken)
        {
            Reached.SetResult();
            await GoOn.Task;
            return await inner.ReplaceCheckpointAsync(expected, checkpoint, cancellationToken);
        }
    }
}
