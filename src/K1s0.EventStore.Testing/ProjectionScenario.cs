namespace K1s0.EventStore.Testing;

/// <summary>
/// A scenario of a projection: given events, then rows. The events are kept in a store in memory, so they come with
/// positions, versions and chains, as a subscription would hand them over. Not thread-safe.
/// </summary>
public sealed class ProjectionScenario
{
    private readonly Func<IReadOnlyList<EventEnvelope>, CancellationToken, Task> _apply;
    private readonly EventSerializer _serializer;
    private readonly InMemoryEventStore _store = new();
    private readonly List<(StreamId Stream, EventEnvelope[] Events)> _given = [];
    private Position _applied;
    private int _batchSize = 100;

    internal ProjectionScenario(
        Func<IReadOnlyList<EventEnvelope>, CancellationToken, Task> apply, EventSerializer serializer) =>
        (_apply, _serializer) = (apply, serializer);

    /// <summary>How many events the projection is given at once.</summary>
    /// <param name="count">1 to 10,000; 100 by default.</param>
    public ProjectionScenario InBatchesOf(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, FeedPage.MaxEvents);
        _batchSize = count;
        return this;
    }

    /// <summary>What has happened in a stream, in order; behind what was given before.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="events">The events, of kinds that the serialiser knows; 1,000 at most.</param>
    public ProjectionScenario Given(StreamId stream, params object[] events)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(events);
        _given.Add((stream, [.. events.Select(happened => _serializer.ToEnvelope(stream, happened))]));
        return this;
    }

    /// <summary>What has happened, as it was or would be stored; behind what was given before.</summary>
    /// <param name="events">The events; their versions and positions are given anew. 1,000 a stream at most.</param>
    public ProjectionScenario Given(params EventEnvelope[] events)
    {
        ArgumentNullException.ThrowIfNull(events);
        foreach (var envelope in events)
        {
            ArgumentNullException.ThrowIfNull(envelope, nameof(events));
            _given.Add((envelope.StreamId, [envelope]));
        }

        return this;
    }

    /// <summary>The projection, once it has taken in all events, has exactly these rows.</summary>
    /// <typeparam name="TRow">A row; a record compares by its values.</typeparam>
    /// <param name="read">Reads the rows, in an order that is always the same.</param>
    /// <param name="expected">The rows, in that order, compared by <see cref="object.Equals(object)"/>.</param>
    /// <param name="cancellationToken">Given to the projection.</param>
    /// <returns>The same scenario: give more events, and look again.</returns>
    /// <exception cref="ScenarioFailedException">There are other rows.</exception>
    public async Task<ProjectionScenario> ThenAsync<TRow>(
        Func<CancellationToken, Task<IReadOnlyList<TRow>>> read,
        IReadOnlyList<TRow> expected,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(expected);
        await ApplyAsync(cancellationToken).ConfigureAwait(false);
        var actual = await read(cancellationToken).ConfigureAwait(false);
        Difference.Check(
            "The rows",
            expected,
            actual,
            EqualityComparer<TRow>.Default.Equals,
            static row => row?.ToString() ?? "null");
        return this;
    }

    /// <summary>The projection, once it has taken in all events, looks like this.</summary>
    /// <param name="check">Throws whatever the test framework throws, or returns.</param>
    /// <param name="cancellationToken">Given to the projection.</param>
    /// <returns>The same scenario: give more events, and look again.</returns>
    public async Task<ProjectionScenario> ThenAsync(Func<Task> check, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(check);
        await ApplyAsync(cancellationToken).ConfigureAwait(false);
        await check().ConfigureAwait(false);
        return this;
    }

    // Each event once, however often somebody looks.
    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        foreach (var (stream, events) in _given)
        {
            await _store.AppendAsync(stream, events, cancellationToken: cancellationToken).ConfigureAwait(false);
        }

        _given.Clear();
        var pending = new List<EventEnvelope>();
        await foreach (var envelope in _store.ReadFeedAsync(_applied, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            pending.Add(envelope);
        }

        foreach (var batch in pending.Chunk(_batchSize))
        {
            await _apply(batch, cancellationToken).ConfigureAwait(false);
            _applied = batch[^1].Position;
        }
    }
}
