using K1s0.EventStore.Conformance;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore.Tests;

/// <summary>
/// A feed that shows less than a subscription has read already is waited for, and is another one only where it never
/// came so far.
/// </summary>
public sealed class LaggingFeedTests : IDisposable
{
    private const string Name = "follower";
    private static readonly StreamId Stream = new("order", "1");

    private readonly WaitlessTime _time = new();
    private readonly InMemoryEventStore _store = new();
    private readonly InMemoryCheckpointStore _checkpoints;
    private readonly InMemoryParkedEventStore _parked;
    private readonly LaggingFeed _feed;
    private readonly LiveFeed _live;

    public LaggingFeedTests()
    {
        _checkpoints = new InMemoryCheckpointStore(_store);
        _parked = new InMemoryParkedEventStore(_checkpoints);
        _feed = new LaggingFeed(_store);
        _live = new LiveFeed(_feed);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _live.Dispose();

    [Fact]
    public async Task A_parked_event_is_replayed_once_the_feed_shows_it_again()
    {
        var events = await AppendAsync(3);
        var keys = await ParkAsync(events[1]);
        _feed.Lag(events[0].Position, questions: 3);
        var run = new Replayed();

        var replay = await keys.ReplayAsync(run, Cancellation);

        run.Events.Select(envelope => envelope.Id).Should().Equal(events[1].Id);
        replay.Replayed.Should().Be(1);
        (_time.Waits.Count, _feed.BoundsAsked).Should().Be((3, 4));
    }

    [Fact]
    public async Task A_parked_event_that_the_feed_never_had_is_of_another_feed()
    {
        var events = await AppendAsync(3);
        var keys = await ParkAsync(events[1]);
        _feed.Lag(events[0].Position, questions: 3);
        _feed.LastPosition = events[0].Position;
        var run = new Replayed();

        var lost = await Assert.ThrowsAsync<FeedDivergedException>(() => keys.ReplayAsync(run, Cancellation));

        lost.Position.Should().Be(events[1].Position);
        run.Events.Should().BeEmpty();
        (await _parked.ListAsync(Name, cancellationToken: Cancellation)).Should().ContainSingle();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_event_in_the_place_of_a_parked_one_is_never_handled_for_it(bool isThere)
    {
        var events = await AppendAsync(3);
        var place = isThere ? events[1] : events[1] with { Position = new Position(99) };
        var keys = await ParkAsync(place with { Id = Guid.CreateVersion7() });
        var run = new Replayed();

        await Assert.ThrowsAsync<FeedDivergedException>(() => keys.ReplayAsync(run, Cancellation));

        run.Events.Should().BeEmpty();
        (await _parked.ListAsync(Name, cancellationToken: Cancellation)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_walk_through_the_feed_waits_until_it_shows_again_what_was_read()
    {
        var events = await AppendAsync(6);
        var cursor = new FeedCursor(_live, new SubscriptionOptions(), _time, events[3].Position, end: null);
        _feed.Lag(events[1].Position, questions: 5);

        var waited = await cursor.NextAsync(Cancellation);
        var next = await cursor.NextAsync(Cancellation);

        waited!.Events.Should().BeEmpty();
        waited.End.Position.Should().Be(events[3].Position, "nothing behind is known yet, and nothing is taken back");
        (_time.Waits.Count, _feed.BoundsAsked).Should().Be((5, 6));
        next!.Events.Select(envelope => envelope.Id).Should().Equal(events.Skip(4).Select(envelope => envelope.Id));
    }

    [Fact]
    public async Task A_walk_through_a_feed_that_never_came_so_far_ends()
    {
        var events = await AppendAsync(6);
        var cursor = new FeedCursor(_live, new SubscriptionOptions(), _time, events[3].Position, end: null);
        _feed.Lag(events[1].Position, questions: 5);
        _feed.LastPosition = events[1].Position;

        var lost = await Assert.ThrowsAsync<FeedDivergedException>(() => cursor.NextAsync(Cancellation).AsTask());

        lost.Position.Should().Be(events[3].Position);
        _time.Waits.Should().BeEmpty();
    }

    private async Task<IReadOnlyList<EventEnvelope>> AppendAsync(int count)
    {
        await _store.AppendAsync(
            Stream,
            [.. Enumerable.Range(0, count).Select(_ => EventEnvelope.Create(Stream, "A", "{}"u8.ToArray()))],
            cancellationToken: Cancellation);
        return await _store.LoadAsync(Stream, cancellationToken: Cancellation);
    }

    // What a run finds that begins after an event was parked.
    private async Task<ParkedKeys> ParkAsync(EventEnvelope envelope)
    {
        var claim = await _checkpoints.ClaimAsync(Name, "tests", Cancellation);
        await _parked.ParkAsync(
            ParkedEvent.Of(Name, envelope, attempts: 1, new HandlerBrokenException(), _time.GetUtcNow()),
            claim,
            Cancellation);
        var parts = new SubscriptionParts(
            Name,
            new SubscriptionOptions(),
            FailureAction.Park,
            _live,
            _checkpoints,
            _parked,
            Leases: null,
            _time,
            NullLogger.Instance,
            new SubscriptionProgress(Name, _live, _time));
        return await ParkedKeys.LoadAsync(parts, claim, Cancellation);
    }

    /// <summary>A run that handles whatever is replayed.</summary>
    private sealed class Replayed : ISubscriptionRun
    {
        public List<EventEnvelope> Events { get; } = [];

        public Task RunAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public bool MayReplay(Position position) => true;

        public Task<HandlingFailure?> ReplayAsync(EventEnvelope envelope, CancellationToken cancellationToken)
        {
            Events.Add(envelope);
            return Task.FromResult<HandlingFailure?>(null);
        }

        public Task InTurnAsync(StreamId streamId, Action act, CancellationToken cancellationToken)
        {
            act();
            return Task.CompletedTask;
        }
    }
}
