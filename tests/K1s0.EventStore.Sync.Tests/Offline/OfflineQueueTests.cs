using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sqlite;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Operations that wait for a server: in memory, and in the SQLite file of a device.</summary>
public sealed class OfflineQueueTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-queue-");
    private readonly ManualTime _time = new(Some.Noon);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Trait("Row", "S07")]
    public async Task Ten_thousand_operations_wait_in_a_file_and_all_arrive_once_after_a_restart()
    {
        const int Most = 10_000;
        var server = new Server(new InMemoryEventStore()) { IsReachable = false };
        await using (var file = OpenFile())
        {
            using var queue = await OpenAsync(new SqliteEventStore(file));
            for (var number = 1; number <= Most; number++)
            {
                await queue.EnqueueAsync(Operation(number));
            }

            var full = await Assert.ThrowsAsync<QueueFullException>(() => queue.EnqueueAsync(Operation(Most + 1)));
            (full.Operations, full.MaxOperations, full.IsTransient).Should().Be((Most, Most, true));
            (await queue.DrainAsync(server)).Should().Be(0);
            (queue.Status.Waiting, queue.Status.Connection, queue.Status.Loss).Should().Be((Most, ConnectionState.Offline, 0.2));
        }

        await using var again = OpenFile();
        using var restarted = await OpenAsync(new SqliteEventStore(again));
        restarted.Status.Waiting.Should().Be(Most);
        var stored = (await StoredAsync(again)).Sum(one => one.PayloadUtf8.Length + one.MetadataUtf8.Length);
        output.WriteLine($"estimated {restarted.Status.Bytes} bytes, stored {stored}");
        (restarted.Status.Bytes / (double)stored).Should().BeInRange(0.85, 1.15, "the size is known");

        // The way is bad: every other answer gets lost, after the server has done what it was asked to.
        (server.IsReachable, server.LosesEveryOtherAnswer) = (true, true);
        for (var tries = 0; restarted.Status.Waiting > 0 && tries < 1_000; tries++)
        {
            await restarted.DrainAsync(server);
        }

        (restarted.Status.Waiting, restarted.Status.Dead, restarted.Status.Bytes).Should().Be((0, 0, 0));
        restarted.Status.RoundTrip.Should().NotBeNull();
        (await server.DoneAsync()).Should().Equal(Enumerable.Range(1, Most), "once each, and in order");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_queue_takes_no_more_bytes_than_it_may(bool isFile)
    {
        await using var file = isFile ? OpenFile() : null;
        using var queue = await OpenAsync(
            file is null ? new InMemoryEventStore() : new SqliteEventStore(file), options => options.MaxBytes = 2_000);
        await queue.EnqueueAsync(Operation(1, padding: 1_000));

        var full = await Assert.ThrowsAsync<QueueFullException>(() => queue.EnqueueAsync(Operation(2, padding: 1_000)));

        full.Bytes.Should().Be(queue.Status.Bytes).And.BeInRange(1_000, 1_300);
        queue.Status.Waiting.Should().Be(1);
        await Assert.ThrowsAsync<ArgumentException>(() => queue.EnqueueAsync(Operation(3, padding: 300_000)));
    }

    [Fact]
    [Trait("Row", "S07")]
    public async Task What_was_queued_before_is_not_queued_again()
    {
        using var queue = await OpenAsync(new InMemoryEventStore());
        var operation = Operation(1);

        (await queue.EnqueueAsync(operation)).WasRepeated.Should().BeFalse();
        (await queue.EnqueueAsync(operation)).WasRepeated.Should().BeTrue();

        queue.Status.Waiting.Should().Be(1);
    }

    [Fact]
    public async Task Operations_that_say_so_are_merged_until_they_are_sent()
    {
        var server = new Server(new InMemoryEventStore()) { LosesEveryOtherAnswer = true };
        using var queue = await OpenAsync(new InMemoryEventStore(), options => options.Merge.Add("add", Append));
        var (first, second, third) = (Operation(1, "add"), Operation(2, "add"), Operation(3, "add"));
        await queue.EnqueueAsync(first);

        (await queue.EnqueueAsync(second)).Should().Be(new EnqueueReceipt(second.Id, WasMerged: true, WasRepeated: false));
        (await queue.EnqueueAsync(first)).Should().Be(new EnqueueReceipt(second.Id, WasMerged: true, WasRepeated: true));
        queue.Status.Waiting.Should().Be(1);

        (await queue.DrainAsync(server)).Should().Be(0, "the answer gets lost");
        (await queue.EnqueueAsync(third)).WasMerged.Should().BeFalse("the one before it may have taken effect");
        await queue.DrainAsync(server);
        await queue.DrainAsync(server);

        (await server.DoneAsync()).Should().Equal(1, 2, 3);
    }

    [Fact]
    public async Task One_that_fails_holds_up_its_own_key_and_is_laid_aside_in_the_end()
    {
        var server = new Server(new InMemoryEventStore());
        using var queue = await OpenAsync(new InMemoryEventStore(), options => options.MaxFailedAttempts = 3);
        var poison = Operation(1, "poison", "a");
        foreach (var operation in new[] { poison, Operation(2, key: "a"), Operation(3, key: "b") })
        {
            await queue.EnqueueAsync(operation);
        }

        (await queue.DrainAsync(server)).Should().Be(1);
        (await server.DoneAsync()).Should().Equal(3);
        (await queue.DrainAsync(server)).Should().Be(0, "the key rests");
        for (var tries = 0; tries < 2; tries++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await queue.DrainAsync(server);
        }

        (await server.DoneAsync()).Should().Equal(3, 2);
        var dead = queue.ReadDead().Should().ContainSingle().Subject;
        (dead.Operation.Id, dead.FailedAttempts, dead.DeadReason).Should().Be((poison.Id, 3, "it is poison."));

        (await queue.ReviveAsync(poison.Id)).Should().BeTrue();
        (queue.Status.Waiting, queue.Status.Dead).Should().Be((1, 0));
        (await queue.DropAsync(poison.Id)).Should().BeFalse("it waits");
    }

    [Fact]
    public async Task One_that_is_refused_is_laid_aside_at_once_and_can_be_dropped()
    {
        var server = new Server(new InMemoryEventStore());
        using var queue = await OpenAsync(new InMemoryEventStore());
        var refused = Operation(1, "refused");
        await queue.EnqueueAsync(refused);
        await queue.EnqueueAsync(Operation(2));

        (await queue.DrainAsync(server)).Should().Be(1);

        queue.ReadDead().Should().ContainSingle().Which.DeadReason.Should().Be("against the rules.");
        (await queue.DropAsync(refused.Id)).Should().BeTrue();
        (queue.Status.Dead, queue.Status.Bytes).Should().Be((0, 0));
    }

    [Fact]
    public async Task Who_watches_the_connection_sees_it_go_and_come()
    {
        var seen = new List<ConnectionState>();
        var server = new Server(new InMemoryEventStore()) { IsReachable = false };
        using var queue = await OpenAsync(
            new InMemoryEventStore(), options => options.OnStatusChanged = status => seen.Add(status.Connection));
        await queue.EnqueueAsync(Operation(1));
        await queue.DrainAsync(server);
        server.IsReachable = true;
        await queue.DrainAsync(server);

        seen.Should().Equal(ConnectionState.Unknown, ConnectionState.Offline, ConnectionState.Online, ConnectionState.Online);
        queue.Status.ChangedAt.Should().Be(Some.Noon);
    }

    [Fact]
    public async Task A_long_history_is_left_behind_when_the_queue_is_opened()
    {
        var store = new InMemoryEventStore();
        var server = new Server(new InMemoryEventStore());
        using (var queue = await OpenAsync(store))
        {
            for (var number = 1; number <= 700; number++)
            {
                await queue.EnqueueAsync(Operation(number));
            }

            await queue.DrainAsync(server);
            await queue.EnqueueAsync(Operation(701));
        }

        using (var queue = await OpenAsync(store))
        {
            queue.ReadWaiting().Should().ContainSingle().Which.Operation.Key.Should().Be("all");
            await queue.EnqueueAsync(Operation(702));
        }

        (await store.LoadAsync(new StreamId("k1s0-sync-queue", "operations/2"))).Should().HaveCount(2);
        using var again = await OpenAsync(store);
        await again.DrainAsync(server);
        (await server.DoneAsync()).Should().Equal(Enumerable.Range(1, 702));
    }

    private static ReadOnlyMemory<byte>? Append(ReadOnlyMemory<byte> older, ReadOnlyMemory<byte> newer) =>
        Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetString(older.Span).TrimEnd(']')},{Encoding.UTF8.GetString(newer.Span).TrimStart('[')}");

    private static QueuedOperation Operation(int number, string kind = "add", string key = "all", int padding = 0) => new(
        Guid.CreateVersion7(Some.Noon), kind, key, Encoding.UTF8.GetBytes($"[{number}{new string(' ', padding)}]"));

    private static async Task<List<EventEnvelope>> StoredAsync(SqliteStoreFile file)
    {
        var all = new List<EventEnvelope>();
        await foreach (var one in new SqliteEventStore(file).ReadStreamAsync(new StreamId("k1s0-sync-queue", "operations/1")))
        {
            all.Add(one);
        }

        return all;
    }

    private SqliteStoreFile OpenFile() => new(new SqliteOptions { FilePath = Path.Combine(_folder.FullName, "device.db") });

    private Task<OfflineQueue> OpenAsync(IEventStore store, Action<OfflineQueueOptions>? change = null)
    {
        var options = new OfflineQueueOptions();
        change?.Invoke(options);
        return OfflineQueue.OpenAsync(new EventStoreQueueStore(store, timeProvider: _time), options, _time);
    }

    /// <summary>A server behind a bad connection; writes down the numbers that it is told.</summary>
    private sealed class Server : IOperationTarget
    {
        private static readonly StreamId Numbers = new("numbers", "all");

        private readonly InMemoryEventStore _store;
        private readonly OperationReceiver _receiver;
        private int _answers;

        public Server(InMemoryEventStore store) =>
            (_store, _receiver) = (store, new OperationReceiver(store, (operation, _) => Task.FromResult(Decide(operation))));

        public bool IsReachable { get; set; } = true;

        public bool LosesEveryOtherAnswer { get; set; }

        public async Task<IReadOnlyList<OperationResult>> SubmitAsync(
            IReadOnlyList<QueuedOperation> operations, CancellationToken cancellationToken = default)
        {
            if (!IsReachable)
            {
                throw new IOException("No route.");
            }

            var results = await _receiver.SubmitAsync(operations, cancellationToken);
            return LosesEveryOtherAnswer && _answers++ % 2 == 0 ? throw new TimeoutException("No answer.") : results;
        }

        public async Task<IEnumerable<int>> DoneAsync() => (await _store.LoadAsync(Numbers)).SelectMany(
            one => one.Payload.EnumerateArray().Select(number => number.GetInt32()));

        private static OperationDecision Decide(QueuedOperation operation) => operation.Kind switch
        {
            "poison" => throw new InvalidOperationException("it is poison."),
            "refused" => OperationDecision.Reject("against the rules."),
            _ => OperationDecision.Apply(new StreamAppend(
                Numbers, [EventEnvelope.Create(Numbers, "told", operation.PayloadUtf8, timeProvider: new ManualTime(Some.Noon))])),
        };
    }
}
