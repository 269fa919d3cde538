using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// A history in which effects stand before their causes, as where a branch was adopted whose events are later than those
/// that they take the places of.
/// </summary>
public sealed class HistoryReaderTests
{
    private const int Following = 2_000;
    private const int PageEvents = 100;

    private static readonly Origin Forked = Some.Origin(1);
    private static readonly Origin Busy = Some.Origin(2);
    private static readonly Origin Late = Some.Origin(3);

    private readonly InMemoryReplicaStore _logs = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whether_a_history_has_an_order_is_found_with_little_in_memory(bool isCircular)
    {
        var everything = await FillAsync();
        var branch = Instead(isCircular ? new Dot(Busy, Following) : new Dot(Late, 1));
        var store = new ForgettingStore(_logs);

        var isInOrder = await HistoryReader.IsInOrderAsync(
            store, everything, Options(), [], stored => stored.Dot.Origin == Forked ? branch : stored, default);

        isInOrder.Should().Be(!isCircular);
        store.MostAlive.Should().BeLessThanOrEqualTo(3 * PageEvents, "what waits is not kept");
    }

    [Fact]
    public async Task Causes_are_told_first_whatever_the_order_in_the_store()
    {
        await FillAsync();
        await _logs.AdoptAsync([Instead(new Dot(Late, 1))]);
        var store = new ForgettingStore(_logs);
        using var node = await ReplicaNode.OpenAsync(
            store, new ReplicaNodeOptions { Sync = Options() }, new ManualTime(Some.Noon));

        var told = VectorClock.Empty;
        await foreach (var delivered in node.ReadHistoryAsync())
        {
            var dot = delivered.Event.Dot;
            told[dot.Origin].Should().Be(dot.Sequence - 1);
            told.Covers(delivered.Event.Observed).Should().BeTrue();
            delivered.Context.Covers(new Dot(Late, 1)).Should().Be(dot.Origin == Forked);
            told = told.Observe(dot);
        }

        told.Should().Be(VectorClock.Of(new Dot(Forked, 1), new Dot(Busy, Following), new Dot(Late, 1)));
        store.MostAlive.Should().BeLessThanOrEqualTo(3 * PageEvents, "what waits is not kept");
    }

    private static SyncOptions Options()
    {
        var options = SessionSide.Options();
        options.BatchEvents = PageEvents;
        return options;
    }

    // The first event of the one log is the cause of all of another, and the third log begins behind all of them.
    private async Task<VectorClock> FillAsync()
    {
        List<SyncEvent> events = [Event(new Dot(Forked, 1), 1, SyncEvent.Genesis(Forked), VectorClock.Empty)];
        var previous = SyncEvent.Genesis(Busy);
        for (var sequence = 1; sequence <= Following; sequence++)
        {
            events.Add(Event(
                new Dot(Busy, sequence),
                1 + sequence,
                previous,
                sequence == 1 ? VectorClock.Of(new Dot(Forked, 1)) : VectorClock.Empty));
            previous = events[^1].Hash;
        }

        events.Add(Event(new Dot(Late, 1), Following + 2, SyncEvent.Genesis(Late), VectorClock.Empty));
        await _logs.AppendAsync([.. events.Select(one => new DeliveredEvent(
            one, one.Dot.Origin == Busy ? VectorClock.Of(new Dot(Forked, 1)) : VectorClock.Empty))]);
        return VectorClock.Of([.. events.Select(one => one.Dot)]);
    }

    private static SyncEvent Instead(Dot cause) =>
        Event(new Dot(Forked, 1), Following + 10, SyncEvent.Genesis(Forked), VectorClock.Of(cause));

    private static SyncEvent Event(Dot dot, long time, Integrity.Sha256Digest previous, VectorClock observed) =>
        SyncEvent.Create(dot, new HybridTime(time), previous, observed, Some.Envelope());

    /// <summary>Gives copies, and looks before each page how many of those that it gave are still held.</summary>
    private sealed class ForgettingStore(InMemoryReplicaStore inner) : IReplicaStore
    {
        private readonly List<WeakReference> _given = [];

        public int MostAlive { get; private set; }

        public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default) =>
            inner.ReadIdentityAsync(cancellationToken);

        public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default) =>
            inner.WriteIdentityAsync(identity, cancellationToken);

        public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default) =>
            inner.ReadHeadsAsync(cancellationToken);

        public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default) =>
            inner.AppendAsync(events, cancellationToken);

        public async Task<IReadOnlyList<SyncEvent>> ReadAsync(
            VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default)
        {
            GC.Collect();
            MostAlive = Math.Max(MostAlive, _given.Count(one => one.IsAlive));
            var page = await inner.ReadAsync(after, upTo, maxEvents, maxBytes, cancellationToken);
            List<SyncEvent> copies = [.. page.Select(one => one.Detached())];
            _given.AddRange(copies.Select(one => new WeakReference(one)));
            return copies;
        }
    }
}
