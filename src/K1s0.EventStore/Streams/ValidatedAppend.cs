using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// An append that passed every check at the border, with the content digests of its events: what backends work with.
/// </summary>
public sealed class ValidatedAppend
{
    private ValidatedAppend(
        StreamId streamId, ExpectedVersion expected, EventEnvelope[] events, Sha256Digest[] contentDigests)
    {
        StreamId = streamId;
        Expected = expected;
        Events = events;
        ContentDigests = contentDigests;
    }

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>What must be true of the stream.</summary>
    public ExpectedVersion Expected { get; }

    /// <summary>The events in order; may be empty.</summary>
    public IReadOnlyList<EventEnvelope> Events { get; }

    /// <summary>The content digest of each event.</summary>
    public IReadOnlyList<Sha256Digest> ContentDigests { get; }

    /// <summary>Checks an append to one stream.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="events">The events; enumerated once.</param>
    /// <param name="expected">What must be true of the stream.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="ArgumentException">An argument is null, or an event belongs to another stream.</exception>
    /// <exception cref="InvalidEventException">An event cannot be kept as it is.</exception>
    public static ValidatedAppend Create(
        StreamId streamId, IEnumerable<EventEnvelope> events, ExpectedVersion expected, EventStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(options);
        var totals = new AppendTotals(options);
        return Create(streamId, events, expected, options, totals);
    }

    /// <summary>Checks an append to several streams.</summary>
    /// <param name="appends">One element a stream.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="ArgumentException">
    /// Null, no stream, a stream twice, too many, or a stream without events.
    /// </exception>
    /// <exception cref="InvalidEventException">An event cannot be kept as it is.</exception>
    public static IReadOnlyList<ValidatedAppend> CreateMany(
        IReadOnlyCollection<StreamAppend> appends, EventStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(appends);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfZero(appends.Count, nameof(appends));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(appends.Count, options.MaxStreamsPerAppend, nameof(appends));
        var totals = new AppendTotals(options);
        var streams = new HashSet<StreamId>();
        var validated = new List<ValidatedAppend>(appends.Count);
        foreach (var append in appends)
        {
            ArgumentNullException.ThrowIfNull(append, nameof(appends));
            if (append.Events is not { Count: > 0 })
            {
                throw new ArgumentException($"The append to {append.StreamId} has no events.", nameof(appends));
            }

            if (!streams.Add(append.StreamId))
            {
                throw new ArgumentException($"Stream {append.StreamId} stands twice in one append.", nameof(appends));
            }

            validated.Add(Create(append.StreamId, append.Events, append.Expected, options, totals));
        }

        return validated;
    }

    private static ValidatedAppend Create(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        ExpectedVersion expected,
        EventStoreOptions options,
        AppendTotals totals)
    {
        // A sequence may announce any number: no room is made for more than the limit.
        var announced = events.TryGetNonEnumeratedCount(out var count) ? count : 4;
        var list = new List<EventEnvelope>(Math.Min(announced, options.MaxEventsPerAppend));
        foreach (var envelope in events)
        {
            ArgumentNullException.ThrowIfNull(envelope, nameof(events));
            if (envelope.StreamId != streamId)
            {
                throw new ArgumentException(
                    $"Event {envelope.Id} belongs to {envelope.StreamId}, not to {streamId}.", nameof(events));
            }

            ArgumentOutOfRangeException.ThrowIfNegative(envelope.Version, nameof(events));
            EventValidation.Check(envelope, options);
            totals.Add(envelope, nameof(events));
            list.Add(envelope);
        }

        var digests = new Sha256Digest[list.Count];
        for (var i = 0; i < digests.Length; i++)
        {
            digests[i] = ContentDigest.Compute(list[i]);
        }

        return new ValidatedAppend(streamId, expected, [.. list], digests);
    }
}
