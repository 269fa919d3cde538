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

    // Of this run: its epoch says whether the run may still park.
    private readonly CheckpointClaim _claim;
    private readonly ConcurrentDictionary<Position, StreamId> _events = new();
    private readonly ConcurrentDictionary<StreamId, int> _counts = new();

    private ParkedKeys(SubscriptionParts parts, CheckpointClaim claim) => (_parts, _claim) = (parts, claim);

    /// <summary>How many events are parked, as far as this run knows.</summary>
    public int Count => _events.Count;

    public static async Task<ParkedKeys> LoadAsync(
        SubscriptionParts parts, CheckpointClaim claim, CancellationToken cancellationToken)
    {
        var keys = new ParkedKeys(parts, claim);
        await foreach (var parked in keys.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            keys.TryAdd(parked.Position, parked.StreamId);
        }

        return keys;
    }

    public bool Contains(StreamId streamId) => _parts.Progress.ParkedEvents > 0 && _counts.ContainsKey(streamId);

    /// <summary>Parks an event that failed, or one that waits behind such an event.</summary>
    /// <exception cref="SubscriptionStoppedException">No more events may be parked.</exception>
    /// <exception cref="CheckpointConflictException">
    /// Another process has taken over, and may have handled the event meanwhile.
    /// </exception>
    public async Task ParkAsync(EventEnvelope envelope, HandlingFailure? failure)
    {
        var attempts = failure?.Attempts ?? 0;
        if (_parts.Progress.ParkedEvents >= _parts.Options.MaxParkedEvents)
        {
            throw new SubscriptionStoppedException(
                _parts.Name, envelope, attempts, "as many events are parked as may be.", failure?.Cause);
        }

        var parked = ParkedEvent.Of(
            _parts.Name, envelope, attempts, failure?.Cause, _parts.TimeProvider.GetUtcNow());

        // Not given up in the middle: the count must know whether it happened.
        await _parts.Parked!.ParkAsync(parked, _claim, CancellationToken.None).ConfigureAwait(false);
        if (TryAdd(envelope.Position, envelope.StreamId))
        {
            _parts.Progress.CountParked();
            _parts.Logger.EventParked(_parts.Name, envelope, attempts, failure?.Cause);
        }
    }

    /// <summary>Hands all parked events to a run, in order; behind one that fails, its stream waits on.</summary>
    public async Task<ParkedReplay> ReplayAsync(ISubscriptionRun run, CancellationToken cancellationToken)
    {
        await ForgetTakenOutAsync(run, cancellationToken).ConfigureAwait(false);
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
            await _parts.Parked!.UpdateAsync(
                parked with { Attempts = attempts, Cause = ParkedEvent.Describe(failure.Cause) },
                _claim,
                cancellationToken).ConfigureAwait(false);
        }

        return new ParkedReplay(replayed, _parts.Progress.ParkedEvents);
    }

    /// <summary>An event is not parked any more; the caller holds its stream's lane.</summary>
    public void Remove(Position position)
    {
        if (!_events.TryRemove(position, out var streamId))
        {
            return;
        }

        _parts.Progress.CountReplayed();
        if (_counts.AddOrUpdate(streamId, 0, static (_, count) => count - 1) == 0)
        {
            _counts.TryRemove(streamId, out _);
        }
    }

    private bool TryAdd(Position position, StreamId streamId)
    {
        if (!_events.TryAdd(position, streamId))
        {
            return false;
        }

        _counts.AddOrUpdate(streamId, 1, static (_, count) => count + 1);
        return true;
    }

    // An event may have been taken out without this run being told: the answer was lost, or an administrator gave it
    // up. Its stream would wait for ever behind what is not there.
    private async Task ForgetTakenOutAsync(ISubscriptionRun run, CancellationToken cancellationToken)
    {
        // What is known is noted before the list is read: what is parked meanwhile is missing in both.
        var known = _events.ToDictionary();
        await foreach (var parked in ListAsync(cancellationToken).ConfigureAwait(false))
        {
            known.Remove(parked.Position);
        }

        foreach (var (position, streamId) in known)
        {
            await run.InTurnAsync(streamId, () => Remove(position), cancellationToken).ConfigureAwait(false);
        }
    }

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
        var feed = _parts.Live.Feed;
        await feed.UntilAsync(parked.Position, _parts.TimeProvider, cancellationToken).ConfigureAwait(false);
        var page = await feed.ReadFeedPageAsync(
            new Position(parked.Position.Value - 1), filter: null, maxCount: 1, cancellationToken)
            .ConfigureAwait(false);
        return page.Events is [var envelope] && envelope.Position == parked.Position && envelope.Id == parked.EventId
            ? envelope
            : throw new FeedDivergedException(parked.Position, page.SettledBound);
    }
}
