using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sqlite.Tests.Files;

/// <summary>One file, several openers, and writes that share a transaction.</summary>
public sealed class SharedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("store.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_writer_that_waits_too_long_for_another_process_gives_up_and_nothing_is_written()
    {
        var stream = Some.Stream();
        await using var store = new TestStore(Path, options => options.BusyTimeout = TimeSpan.FromSeconds(1));
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        using var foreign = new Foreign(Path);
        foreign.Execute("begin immediate");
        var events = Some.Events(stream, 2);

        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => store.Store.AppendAsync(stream, events, 1));

        refusal.IsTransient.Should().BeTrue();
        refusal.Message.Should().Contain(nameof(SqliteOptions.BusyTimeout)).And.Contain(Path);
        (await store.Store.LoadAsync(stream)).Should().ContainSingle("a reader is not held up");
        foreign.Execute("rollback");
        (await store.Store.AppendAsync(stream, events, 1)).WasRepeated.Should().BeFalse();
    }

    [Fact]
    public async Task Writes_that_share_a_transaction_keep_their_own_outcomes()
    {
        var (stream, other, third) = (Some.Stream(), Some.Stream(), Some.Stream());
        await using var store = new TestStore(Path);
        var stored = Some.Events(stream, 2);
        await store.Store.AppendAsync(stream, stored, 0);
        Task<AppendResult> good, stale, repeated, reused, next;
        Task snapshot;
        using (var writer = await HeldWriter.StartAsync(store.File))
        {
            // One transaction is under way: all others come meanwhile and go together.
            var first = store.Store.AppendAsync(third, Some.Events(third, 1));
            good = store.Store.AppendAsync(other, Some.Events(other, 3), 0);
            stale = store.Store.AppendAsync(stream, Some.Events(stream, 1), 1);
            repeated = store.Store.AppendAsync(stream, stored, 0);
            reused = store.Store.AppendAsync(other, [Some.Event(other) with { Id = stored[0].Id }]);
            snapshot = store.Snapshots.SaveAsync(stream, 2, "state");
            next = store.Store.AppendAsync(other, Some.Events(other, 2), 3);
            writer.LetGo();
            await first;
        }

        (await good).Version.Value.Should().Be(3);
        (await Assert.ThrowsAsync<ConcurrencyException>(() => stale)).ActualVersion.Should().Be(2);
        (await repeated).WasRepeated.Should().BeTrue();
        (await Assert.ThrowsAsync<EventIdReusedException>(() => reused)).EventId.Should().Be(stored[0].Id);
        await snapshot;
        (await next).Version.Value.Should().Be(5);
        (await store.Snapshots.LoadLatestAsync<string>(stream))!.State.Should().Be("state");
        var feed = await store.Store.ReadFeedPageAsync(Position.Start);
        feed.Events.Should().HaveCount(8);
        feed.Events.Select(envelope => envelope.Position.Value).Should().Equal(Enumerable.Range(1, 8).Select(n => (long)n));
        StreamVerifier.Verify(other, await store.Store.LoadAsync(other)).IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task A_write_that_ends_the_transaction_does_not_take_its_neighbours_with_it()
    {
        var (stream, other, third) = (Some.Stream(), Some.Stream(), Some.Stream());
        await using var store = new TestStore(Path);
        await store.File.OpenAsync();
        Task<AppendResult> before, after;
        Task<bool> poison;
        using (var writer = await HeldWriter.StartAsync(store.File))
        {
            var first = store.Store.AppendAsync(third, Some.Events(third, 1));
            before = store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
            poison = store.File.WriteAsync(
                session => { session.Run("rollback; select raise_what_does_not_exist()"); return true; },
                CancellationToken.None);
            after = store.Store.AppendAsync(other, Some.Events(other, 3), 0);
            writer.LetGo();
            await first;
        }

        await Assert.ThrowsAsync<StoreOperationException>(() => poison);
        (await before).WasRepeated.Should().BeFalse();
        (await after).WasRepeated.Should().BeFalse();
        (await store.Store.LoadAsync(stream)).Should().HaveCount(3);
        (await store.Store.LoadAsync(other)).Should().HaveCount(3);
    }

    [Fact]
    public async Task An_append_that_waits_can_be_given_up_and_leaves_nothing()
    {
        var (stream, third) = (Some.Stream(), Some.Stream());
        await using var store = new TestStore(Path);
        await store.File.OpenAsync();
        using var source = new CancellationTokenSource();
        using (var writer = await HeldWriter.StartAsync(store.File))
        {
            var first = store.Store.AppendAsync(third, Some.Events(third, 1));
            var givenUp = store.Store.AppendAsync(stream, Some.Events(stream, 3), 0, source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
            writer.LetGo();
            await first;
        }

        (await store.Store.ExistsAsync(stream)).Should().BeFalse();
    }

    [Fact]
    public async Task A_reader_that_stays_on_its_page_does_not_stop_writers()
    {
        var stream = Some.Stream();
        await using var store = new TestStore(Path, options => (options.PageSize, options.MaxReaders) = (2, 1));
        await store.Store.AppendAsync(stream, Some.Events(stream, 5), 0);
        var versions = new List<long>();

        await foreach (var envelope in store.Store.ReadStreamAsync(stream))
        {
            versions.Add(envelope.Version);
            if (versions.Count <= 3)
            {
                await store.Store.AppendAsync(stream, Some.Events(stream, 1));
                (await store.Store.GetHeadAsync(stream)).Version.Value.Should().Be(5 + versions.Count);
            }
        }

        versions.Should().Equal(Enumerable.Range(1, 8).Select(number => (long)number));
    }
}
