using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Tests;
using Shop = K1s0.EventStore.Sync.Simulation.Shop;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>A conflict view that begins with a snapshot goes on like one that has seen everything.</summary>
public sealed class ConflictViewSnapshotTests
{
    private const int Events = 120;

    private readonly Random _random = SeededRandom.Create();

    [Fact]
    public async Task A_view_from_a_snapshot_shows_the_same_and_goes_on_the_same_under_every_policy()
    {
        for (var run = 0; run < 60; run++)
        {
            var events = Draw();
            var cut = _random.Next(events.Count + 1);
            var (whole, half) = (new ConflictView(Shop.Rules), new ConflictView(Shop.Rules));
            events[..cut].ForEach(delivered => half.Apply(delivered));
            events.ForEach(delivered => whole.Apply(delivered));

            var begun = await LoadAsync(half, events[..cut]);
            Shop.Show(begun).Should().Be(Shop.Show(half));
            begun.Unaccepted().Should().BeEquivalentTo(half.Unaccepted());
            Bytes(begun).Should().Equal(Bytes(half), "what was taken over is given on");

            // The earlier ones come again, as they do from a log that is read from its start.
            events.ForEach(delivered => begun.Apply(delivered));
            Shop.Show(begun).Should().Be(Shop.Show(whole));
            begun.Conflicts.Select(conflict => conflict.Key).Should().BeEquivalentTo(whole.Conflicts.Select(conflict => conflict.Key));
        }
    }

    [Fact]
    public void Views_that_saw_the_same_events_in_another_order_give_the_same_bytes()
    {
        for (var run = 0; run < 60; run++)
        {
            var events = Draw();
            var (one, other) = (new ConflictView(Shop.Rules), new ConflictView(Shop.Rules));
            events.ForEach(delivered => one.Apply(delivered));
            Reordered(events).ForEach(delivered => other.Apply(delivered));

            Bytes(other).Should().Equal(Bytes(one));
        }
    }

    [Fact]
    public async Task Entries_of_something_else_or_of_other_rules_are_refused()
    {
        var events = Draw();
        var view = new ConflictView(Shop.Rules);
        events.ForEach(delivered => view.Apply(delivered));
        var snapshot = await InstallAsync(view.Capture(), events);

        await FluentActions.Awaiting(() => ConflictView.LoadAsync(new ConflictRules(), snapshot)).Should().ThrowAsync<InvalidFormatException>();
        await FluentActions.Awaiting(() => ConflictView.LoadAsync(new ConflictRules().Otherwise(ConflictPolicy.AllValues), snapshot))
            .Should().ThrowAsync<InvalidFormatException>();
        var foreign = await InstallAsync([new SnapshotEntry(new byte[] { 1 }, new byte[] { 1, 2, 3 })], events);
        await FluentActions.Awaiting(() => ConflictView.LoadAsync(Shop.Rules, foreign)).Should().ThrowAsync<InvalidFormatException>();
    }

    [Fact]
    public void Damaged_entries_of_a_view_are_refused_or_read_and_nothing_else()
    {
        var events = Draw();
        var view = new ConflictView(Shop.Rules);
        events.ForEach(delivered => view.Apply(delivered));
        var entries = view.Capture();
        foreach (var entry in entries)
        {
            for (var length = 0; length < entry.Value.Length; length++)
            {
                var cut = new SnapshotEntry(entry.Key, entry.Value[..length]);
                FluentActions.Invoking(() => ConflictViewFormat.Read(cut, Shop.Rules)).Should().Throw<InvalidFormatException>();
            }
        }

        var refused = Mutations.CountRefused(100_000, _random, mutator =>
        {
            var entry = entries[mutator.Random.Next(entries.Count)];
            var damaged = mutator.Damage(entry.Value.Span);
            try
            {
                var read = ConflictViewFormat.Read(new SnapshotEntry(entry.Key, damaged), Shop.Rules);
                Assert.True(read.LiveCount > 0, "it has a value");
                return false;
            }
            catch (EventStoreException e) when (e is InvalidFormatException or UnsupportedFormatException)
            {
                return true;
            }
        });

        refused.Should().BeGreaterThan(10_000);
    }

    private static List<byte> Bytes(ConflictView view) =>
        [.. ChunkFormat.Cut(view.Capture()).SelectMany(content => content)];

    private static async Task<ConflictView> LoadAsync(ConflictView view, List<DeliveredEvent> seen) =>
        await ConflictView.LoadAsync(Shop.Rules, await InstallAsync(view.Capture(), seen));

    private static async Task<InstalledSnapshot> InstallAsync(IEnumerable<SnapshotEntry> entries, List<DeliveredEvent> seen)
    {
        var heads = seen.GroupBy(delivered => delivered.Event.Dot.Origin).Select(log => log.MaxBy(delivered => delivered.Event.Dot.Sequence))
            .Select(last => new OriginHead(last.Event.Dot, last.Event.Hash, last.Event.Time, last.Context)).ToList();
        var library = new SnapshotLibrary(new InMemorySnapshotChunkStore());
        var (manifest, _) = await library.PublishAsync(SomeSnapshots.Name, 1, heads, entries, CancellationToken.None);
        return new InstalledSnapshot(manifest, library);
    }

    // Three replicas that write and hear of each other now and then, one of them the authority.
    private List<DeliveredEvent> Draw()
    {
        Replica[] replicas = [new(Shop.Authority, new HybridClock(new ManualTime(Some.Noon))), Some.NewReplica(2), Some.NewReplica(3)];
        var (written, view) = (new List<DeliveredEvent>(), new ConflictView(Shop.Rules));
        while (written.Count < Events)
        {
            var at = _random.Next(replicas.Length);
            if (_random.Next(3) == 0)
            {
                var other = _random.Next(replicas.Length);
                written.Where(one => !replicas[at].Clock.Covers(one.Event.Dot) && replicas[other].Clock.Covers(one.Event.Dot)).ToList()
                    .ForEach(one => replicas[at].Admit(one.Event, []));
                continue;
            }

            var waiting = view.Unaccepted().Where(replicas[0].Clock.Covers).ToArray();
            var envelope = at == 0 && waiting.Length > 0 && _random.Next(2) == 0
                ? AuthorityStamp.Create(Shop.Authority, [.. waiting], new ManualTime(Some.Noon))
                : Shop.Draw(_random, Guid.CreateVersion7(Some.Noon), Some.Noon);
            written.Add(replicas[at].Write(envelope));
            view.Apply(written[^1]);
        }

        return written;
    }

    // Another order in which causes come first.
    private List<DeliveredEvent> Reordered(List<DeliveredEvent> events)
    {
        var (left, ordered, known) = (new List<DeliveredEvent>(events), new List<DeliveredEvent>(), VectorClock.Empty);
        while (left.Count > 0)
        {
            var ready = left.Where(one => known[one.Event.Dot.Origin] == one.Event.Dot.Sequence - 1 && known.Covers(one.Context)).ToArray();
            var next = ready[_random.Next(ready.Length)];
            left.Remove(next);
            ordered.Add(next);
            known = known.Observe(next.Event.Dot);
        }

        return ordered;
    }
}
