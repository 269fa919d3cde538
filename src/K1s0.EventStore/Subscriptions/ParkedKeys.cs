using System.Collections.Concurrent;
using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// The streams of which events are parked: later events of theirs are parked behind them. Thread-safe; who asks about
/// a stream and acts on the answer holds that stream's lane.
/// </summary>
internal sealed class ParkedKeys
{
    private readonly SubscriptionParts _parts;
    private readonly Ownership? _ownership;
    private readonly ConcurrentDictionary<StreamId, int> _counts = new();

    private ParkedKeys(SubscriptionParts parts, Ownership? ownership) => (_parts, _ownership) = (parts, ownership);

    /// <summary>How many events were parked when this was loaded.</summary>
    public int Count => _counts.Values.Sum();

    public static async Task<ParkedKeys> LoadAsync(
        SubscriptionParts parts, Ownership? ownership, CancellationToken cancellationToken)
    {
        var keys = new ParkedKeys(parts, ownership);
        await foreach (var parked in keys.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            keys.Add(parked.StreamId);
        }

        return keys;
    }

    public bool Contains(StreamId streamId) => _parts.Progress.ParkedEvents > 0 && _counts.ContainsKey(streamId);

    /// <summary>Parks an event that failed, or one that waits behind such an event.</summary>
    /// <exception cref="SubscriptionStoppedException">No more events may be parked.</exception>
    /// <exception cref="LeaseLostException">Another process may have handled the event meanwhile.</exception>
    public async Task ParkAsync(EventEnvelope envelope, HandlingFailure? failure)
    {
        var attempts = failure?.Attempts ?? 0;
        if (_parts.Progress.ParkedEvents >= _parts.Options.MaxParkedEvents)
        {
            throw new SubscriptionStoppedException(
                _parts.Name, envelope, attempts, "as many events are parked as may be.", failure?.Cause);
        }

        if (_ownership is not null)
        {
            // A former owner that wakes up must not put aside what the new one has handled.
            await _ownership.ConfirmAsync(CancellationToken.None).ConfigureAwait(false);
        }

        var parked = ParkedEvent.Of(
            _parts.Name, envelope, attempts, failure?.Cause, _parts.TimeProvider.GetUtcNow());

        // Not given up in the middle: the count must know whether it happened.
        if (await _parts.Parked!.ParkAsync(parked, CancellationToken.None).ConfigureAwait(false))
        {
            Add(envelope.StreamId);
            _parts.Progress.CountParked();
            _parts.Logger.EventParked(_parts.Name, envelope, attempts, failure?.Cause);
        }
    }

    /// <summary>Hands all parked events to a run, in order; behind one that fails, its stream waits on.</summary>
    public async Task<ParkedReplay> ReplayAsync(ISubscriptionRun run, CancellationToken cancellationToken)
    {
        var failed = new HashSet<StreamId>();
        var replayed = 0;
        await foreach (var parked in ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (failed.Contains(parked.StreamId) || !run.MayReplay(parked.Position))
            {
                failed.Add(parked.StreamId);
                continue;
            }

            var envelope = await FindAsync(parked, cancellationToken).ConfigureAwait(false);
            var failure = await run.ReplayAsync(envelope, cancellationToken).ConfigureAwait(false);
            if (failure is null)
            {
                replayed++;
                continue;
            }

            failed.Add(parked.StreamId);
            var attempts = parked.Attempts + failure.Attempts;
            await _parts.Parked!.ParkAsync(
                parked with { Attempts = attempts, Cause = ParkedEvent.Describe(failure.Cause) }, cancellationToken)
                .ConfigureAwait(false);
        }

        return new ParkedReplay(replayed, _parts.Progress.ParkedEvents);
    }

    /// <summary>An event of the stream is not parked any more; the caller holds the stream's lane.</summary>
    public void Remove(StreamId streamId)
    {
        _parts.Progress.CountReplayed();
        if (_counts.AddOrUpdate(streamId, 0, static (_, count) => count - 1) == 0)
        {
            _counts.TryRemove(streamId, out _);
        }
    }

    private void Add(StreamId streamId) => _counts.AddOrUpdate(streamId, 1, static (_, count) => count + 1);

    private async IAsyncEnumerable<ParkedEvent> ListAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = Position.Start;
        while (_parts.Parked is { } store)
        {
            var page = await store.ListAsync(_parts.Name, after, IParkedEventStore.MaxPage, cancellationToken)
                .ConfigureAwait(false);
            foreach (var parked in page)
            {
                yield return parked;
            }

            if (page.Count == 0)
            {
                yield break;
            }

            after = page[^1].Position;
        }
    }

    private async Task<EventEnvelope> FindAsync(ParkedEvent parked, CancellationToken cancellationToken)
    {
        var page = await _parts.Live.Feed.ReadFeedPageAsync(
            new Position(parked.Position.Value - 1), filter: null, maxCount: 1, cancellationToken)
            .ConfigureAwait(false);
        return page.Events is [var envelope] && envelope.Position == parked.Position && envelope.Id == parked.EventId
            ? envelope
            : throw new FeedDivergedException(parked.Position, page.SettledBound);
    }
}
