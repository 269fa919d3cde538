using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Simulation;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A queue that goes on in a new part when it is opened, and operations on their way to a server.</summary>
public sealed class QueuePartTests
{
    private static readonly StreamId Room = new("room", "7");

    private readonly ManualTime _time = new(Some.Noon);
    private readonly InMemoryEventStore _store = new();

    [Fact]
    [Trait("Row", "S07")]
    public async Task A_queue_within_its_limits_can_always_be_opened()
    {
        using (var queue = await WithHistoryAsync(done: 1_000))
        {
            for (var number = 0; number < 200; number++)
            {
                await queue.EnqueueAsync(Operation(key: $"large-{number}", padding: 250_000));
            }
        }

        using var again = await OpenAsync();

        again.Status.Waiting.Should().Be(200);
        (await PartAsync(2)).Should().HaveCount(200, "it goes on in a new part");
    }

    [Fact]
    [Trait("Row", "S07")]
    public async Task However_long_a_reason_is_the_queue_can_be_opened()
    {
        using (var queue = await WithHistoryAsync())
        {
            await queue.EnqueueAsync(Operation());
            await queue.DrainAsync(new Answering(OperationOutcome.Rejected, string.Concat(new string('r', 999), "😀", new string('r', 99_000))));
        }

        using var again = await OpenAsync();

        again.ReadDead().Should().ContainSingle().Which.DeadReason.Should().Be(new string('r', 999));
        (await PartAsync(2)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_store_that_fails_over_a_new_part_leaves_the_queue_in_the_old_one()
    {
        (await WithHistoryAsync()).Dispose();
        var fails = true;
        var faulty = new FaultyEventStore(
            _store, () => fails ? FaultyEventStore.Fault.ErrorBefore : FaultyEventStore.Fault.None);

        using (var queue = await OfflineQueue.OpenAsync(new EventStoreQueueStore(faulty, timeProvider: _time), timeProvider: _time))
        {
            fails = false;
            await queue.EnqueueAsync(Operation(key: "kept"));
        }

        using var again = await OpenAsync();
        again.ReadWaiting().Should().ContainSingle().Which.Operation.Key.Should().Be("kept");
        (await PartAsync(2)).Should().ContainSingle();
    }

    [Fact]
    [Trait("Row", "S07")]
    public async Task A_queue_whose_part_another_has_ended_writes_nothing_into_it()
    {
        using var first = await WithHistoryAsync();
        using var second = await OpenAsync();

        await Assert.ThrowsAsync<ConcurrencyException>(() => first.EnqueueAsync(Operation(key: "first")));
        await second.EnqueueAsync(Operation(key: "second"));
        (await first.EnqueueAsync(Operation(key: "again"))).WasRepeated.Should().BeFalse("it was read anew");

        using var third = await OpenAsync();
        third.ReadWaiting().Select(entry => entry.Operation.Key).Should().Equal("second", "again");
    }

    [Fact]
    public async Task An_operation_that_was_laid_aside_says_so_when_it_is_queued_again()
    {
        using var queue = await OpenAsync();
        var operation = Operation();
        await queue.EnqueueAsync(operation);
        await queue.DrainAsync(new Answering(OperationOutcome.Rejected, "against the rules."));

        (await queue.EnqueueAsync(operation))
            .Should().Be(new EnqueueReceipt(operation.Id, WasMerged: false, WasRepeated: true, IsDead: true));
    }

    [Fact]
    [Trait("Row", "S07")]
    public async Task What_was_merged_arrives_with_an_operation_that_a_server_makes_from_what_it_was_sent()
    {
        var options = new OfflineQueueOptions();
        options.Merge.Add("book", (_, newer) => newer);
        using var queue = await OfflineQueue.OpenAsync(new EventStoreQueueStore(_store, timeProvider: _time), options, _time);
        var (first, second) = (Operation(), Operation());
        await queue.EnqueueAsync(first);
        await queue.EnqueueAsync(second);
        var events = new InMemoryEventStore();
        var receiver = new OperationReceiver(events, (operation, _) => Task.FromResult(Booking(operation, operation.Id)), _time);

        await queue.DrainAsync(new Wire(receiver));
        var again = await receiver.SubmitAsync([first]);

        again.Should().ContainSingle().Which.Outcome.Should().Be(OperationOutcome.AlreadyApplied);
        (await events.LoadAsync(Room)).Should().ContainSingle();
    }

    [Fact]
    public void Operations_that_are_merged_have_ids_of_their_own()
    {
        var id = Guid.CreateVersion7(Some.Noon);
        IReadOnlyList<Guid>[] wrong =
        [
            [Guid.Empty],
            [id],
            [new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)],
            [.. Enumerable.Range(0, QueuedOperation.MaxAbsorbed + 1).Select(_ => Guid.CreateVersion7(Some.Noon))],
        ];

        foreach (var absorbed in wrong)
        {
            Assert.Throws<ArgumentException>(() => new QueuedOperation(id, "book", "key", "{}"u8.ToArray(), absorbed));
        }
    }

    [Fact]
    public async Task An_operation_that_is_submitted_twice_at_once_with_the_same_events_is_applied_once()
    {
        var (events, operation, eventId) = (new InMemoryEventStore(), Operation(), Guid.CreateVersion7(Some.Noon));
        var other = new OperationReceiver(events, (one, _) => Task.FromResult(Booking(one, eventId)), _time);
        var isFirst = true;
        var receiver = new OperationReceiver(
            events,
            async (one, token) =>
            {
                if (isFirst)
                {
                    isFirst = false;
                    await other.SubmitAsync([one], token);
                }

                return Booking(one, eventId);
            },
            _time);

        (await receiver.SubmitAsync([operation])).Should().Equal(
            new OperationResult(operation.Id, OperationOutcome.AlreadyApplied));
        (await receiver.SubmitAsync([Operation()])).Should().ContainSingle()
            .Which.Outcome.Should().Be(OperationOutcome.Failed, "the id belongs to something else");
        (await events.LoadAsync(Room)).Should().ContainSingle();
    }

    private static OperationDecision Booking(QueuedOperation operation, Guid eventId) => OperationDecision.Apply(
        new StreamAppend(
            Room,
            [EventEnvelope.Create(Room, "booked", operation.PayloadUtf8, timeProvider: new ManualTime(Some.Noon)) with { Id = eventId }]));

    private static QueuedOperation Operation(string key = "key", int padding = 0) => new(
        Guid.CreateVersion7(Some.Noon), "book", key, Encoding.UTF8.GetBytes($"[1{new string(' ', padding)}]"));

    private async Task<OfflineQueue> WithHistoryAsync(int done = 600)
    {
        var queue = await OpenAsync();
        for (var number = 0; number < done; number++)
        {
            await queue.EnqueueAsync(Operation(key: $"done-{number}"));
        }

        (await queue.DrainAsync(new Answering(OperationOutcome.Applied, null))).Should().Be(done);
        return queue;
    }

    private Task<OfflineQueue> OpenAsync() =>
        OfflineQueue.OpenAsync(new EventStoreQueueStore(_store, timeProvider: _time), timeProvider: _time);

    private Task<IReadOnlyList<EventEnvelope>> PartAsync(int number) =>
        _store.LoadAsync(new StreamId("k1s0-sync-queue", $"operations/{number}"));

    /// <summary>Gives every operation the same answer.</summary>
    private sealed class Answering(OperationOutcome outcome, string? reason) : IOperationTarget
    {
        public Task<IReadOnlyList<OperationResult>> SubmitAsync(
            IReadOnlyList<QueuedOperation> operations, CancellationToken cancellationToken = default) =>
            Task.FromResult<IReadOnlyList<OperationResult>>(
                [.. operations.Select(operation => new OperationResult(operation.Id, outcome, reason))]);
    }

    /// <summary>Carries what an application can see of an operation.</summary>
    private sealed class Wire(IOperationTarget server) : IOperationTarget
    {
        public Task<IReadOnlyList<OperationResult>> SubmitAsync(
            IReadOnlyList<QueuedOperation> operations, CancellationToken cancellationToken = default) =>
            server.SubmitAsync(
                [
                    .. operations.Select(one =>
                        new QueuedOperation(one.Id, one.Kind, one.Key, one.PayloadUtf8.ToArray(), [.. one.Absorbed])),
                ],
                cancellationToken);
    }
}
