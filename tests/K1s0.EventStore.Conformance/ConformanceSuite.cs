using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Conformance;

/// <summary>
/// What all suites share: the store under test, streams that no other test uses, and proof that nothing changed.
/// </summary>
/// <remarks>A store derives every suite; <see cref="ConformanceCompleteness"/> names the forgotten ones.</remarks>
[Trait("Row", "K07")]
public abstract class ConformanceSuite : IAsyncLifetime
{
    // Longer than any test needs on a slow machine: a test that hangs fails with its own name.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _limit =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private IConformanceStore? _backend;
    private int _streams;

    /// <summary>Fires when the run is stopped or when the test hangs.</summary>
    protected CancellationToken Cancellation => _limit.Token;

    /// <summary>The store under test.</summary>
    protected IConformanceStore Backend =>
        _backend ?? throw new InvalidOperationException("The store is made in InitializeAsync.");

    protected IEventStore Store => Backend.Store;

    protected IEventAppender Appender => Backend.Appender;

    protected IStreamReader Streams => Backend.Streams;

    protected IFeedReader Feed => Backend.Feed;

    protected ISnapshotStore Snapshots => Backend.Snapshots;

    protected ICheckpointStore Checkpoints => Backend.Checkpoints;

    protected ILeaseStore Leases => Backend.Leases;

    protected ILedgerStore Ledger => Backend.Ledger;

    /// <summary>Stands in the id of every stream of this test and of no other.</summary>
    protected string TestKey { get; } = Guid.CreateVersion7().ToString("N");

    /// <summary>The settled bound when the test began: what lies before belongs to other tests.</summary>
    protected Position FeedStart { get; private set; }

    /// <summary>Lets this test's own events through.</summary>
    protected FeedFilter OwnEvents => new() { StreamPrefix = $"order-{TestKey}" };

    public async ValueTask InitializeAsync()
    {
        _limit.CancelAfter(Patience);
        _backend = await CreateStoreAsync(CreateOptions(), CreateTimeProvider());
        FeedStart = await Feed.GetSettledBoundAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_backend is not null)
        {
            await _backend.DisposeAsync();
        }

        _limit.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>An instance of the store with these limits and this clock; other tests may share the data.</summary>
    protected abstract Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider);

    /// <summary>The limits that the suite works with: the defaults, unless a suite says otherwise.</summary>
    protected virtual EventStoreOptions CreateOptions() => new();

    /// <summary>The clock that the suite works with; near the true time, because a store may refuse others.</summary>
    protected virtual TimeProvider CreateTimeProvider() => TimeProvider.System;

    /// <summary>A stream that does not exist.</summary>
    protected StreamId NewStream() =>
        new("order", string.Create(CultureInfo.InvariantCulture, $"{TestKey}-{Interlocked.Increment(ref _streams)}"));

    /// <summary>A stream that holds this many events.</summary>
    protected async Task<StreamId> StreamWithAsync(int count)
    {
        var stream = NewStream();
        if (count > 0)
        {
            await Store.AppendAsync(stream, SomeEvents(stream, count), expectedVersion: 0, Cancellation);
        }

        return stream;
    }

    protected static EventEnvelope AnEvent(
        StreamId stream, string payload = """{"quantity":1}""", string type = "ItemAdded") =>
        EventEnvelope.Create(stream, type, Encoding.UTF8.GetBytes(payload), new EventMetadata { Actor = "alice" });

    protected static EventEnvelope[] SomeEvents(StreamId stream, int count) =>
        [.. Enumerable.Range(1, count).Select(number => AnEvent(
            stream, string.Create(CultureInfo.InvariantCulture, $$"""{"quantity":{{number}}}""")))];

    /// <summary>The events as they must come back: the same, with the versions that the store gave them.</summary>
    protected static EventEnvelope[] Numbered(IEnumerable<EventEnvelope> events, long first = 1) =>
        [.. events.Select((envelope, index) => envelope with { Version = first + index })];

    protected Task<IReadOnlyList<EventEnvelope>> LoadAsync(StreamId stream) =>
        Store.LoadAsync(stream, cancellationToken: Cancellation);

    /// <summary>
    /// Waits until the feed is final up to a position: another writer may hold the bound back for a moment.
    /// </summary>
    protected async Task<Position> SettledAsync(Position position)
    {
        while (true)
        {
            var bound = await Feed.GetSettledBoundAsync(Cancellation);
            if (bound >= position)
            {
                return bound;
            }

            await Task.Yield();
        }
    }

    /// <summary>This test's own events in the order of the feed, up to a position that was acknowledged.</summary>
    protected async Task<IReadOnlyList<EventEnvelope>> OwnFeedAsync(Position acknowledged = default)
    {
        await SettledAsync(acknowledged);
        var events = new List<EventEnvelope>();
        await foreach (var envelope in Feed.ReadFeedAsync(FeedStart, OwnEvents, cancellationToken: Cancellation))
        {
            events.Add(envelope);
        }

        return events;
    }

    /// <summary>Expects a refusal, and that afterwards everything is as it was before.</summary>
    protected async Task<TException> RefusedAsync<TException>(Func<Task> action, params StreamId[] streams)
        where TException : Exception
    {
        var before = await StateAsync(streams);
        var refusal = await Assert.ThrowsAnyAsync<TException>(action);
        AssertSame(await StateAsync(streams), before);
        return refusal;
    }

    protected static void AssertSame(IReadOnlyList<StreamState> actual, IReadOnlyList<StreamState> expected) =>
        actual.Should().Equal(expected);

    /// <summary>What can be seen of some streams: existence, head, all that is stored, and their feed.</summary>
    protected async Task<IReadOnlyList<StreamState>> StateAsync(params StreamId[] streams)
    {
        var states = new List<StreamState>();
        foreach (var stream in streams)
        {
            var exists = await Store.ExistsAsync(stream, Cancellation);
            var head = await Streams.GetHeadAsync(stream, Cancellation);
            var events = (await LoadAsync(stream)).Select(StoredEvent.Of).ToArray();
            var acknowledged = events.Length == 0 ? Position.Start : events[^1].Position;
            var feed = (await OwnFeedAsync(acknowledged)).Where(envelope => envelope.StreamId == stream);
            states.Add(new StreamState(exists, head, events, [.. feed.Select(StoredEvent.Of)]));
        }

        return states;
    }
}
