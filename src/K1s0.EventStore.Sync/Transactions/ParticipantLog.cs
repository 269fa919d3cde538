namespace K1s0.EventStore.Sync;

/// <summary>What a participant has written down, in its store.</summary>
internal sealed class ParticipantLog
{
    /// <summary>The most characters of who forced a decision, and of why.</summary>
    public const int MaxForcedLength = 1_000;

    private const int MaxDetailLength = 1_000;
    private const string WrittenPast =
        "A stream was written past the participant; the events stand behind that.";

    // A version that no stream has.
    private const long Impossible = 1L << 62;

    private readonly string _name;
    private readonly IEventStore _store;
    private readonly IStreamReader _reader;
    private readonly TimeProvider _timeProvider;

    public ParticipantLog(string name, IEventStore store, TimeProvider timeProvider)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        ArgumentNullException.ThrowIfNull(store);
        Appender = store as IEventAppender
            ?? throw new ArgumentException($"The store is no {nameof(IEventAppender)}.", nameof(store));
        _reader = store as IStreamReader
            ?? throw new ArgumentException($"The store is no {nameof(IStreamReader)}.", nameof(store));
        (_name, _store, _timeProvider) = (name, store, timeProvider);
    }

    public IEventAppender Appender { get; }

    public async Task<StreamVersion> VersionAsync(StreamId stream, CancellationToken cancellationToken) =>
        (await _reader.GetHeadAsync(stream, cancellationToken).ConfigureAwait(false)).Version;

    /// <summary>Null when there is none.</summary>
    public async Task<RecordedOutcome?> OutcomeAsync(Guid id, CancellationToken cancellationToken) =>
        RecordedOutcome.Of(await _store.LoadAsync(
            TransactionStreams.Outcome(_name, id), cancellationToken: cancellationToken).ConfigureAwait(false));

    public async Task<Dictionary<Guid, (PreparedWork Work, DateTimeOffset At)>> ReadPreparedAsync(
        CancellationToken cancellationToken)
    {
        var prepared = new Dictionary<Guid, (PreparedWork Work, DateTimeOffset At)>();
        var notes = await TransactionStreams.ReadOpenAsync(
            _reader, TransactionStreams.Open(_name), cancellationToken).ConfigureAwait(false);
        foreach (var id in notes.Open)
        {
            var stored = await _store.LoadAsync(
                TransactionStreams.Intent(_name, id), cancellationToken: cancellationToken).ConfigureAwait(false);
            prepared.Add(id, (TransactionIntents.Read(id, stored), stored[0].OccurredAt));
        }

        return prepared;
    }

    /// <summary>
    /// Makes the intents durable, and that the transaction is open, if the store would take the commit.
    /// </summary>
    /// <returns>Why not; null when it is done.</returns>
    public async Task<string?> PrepareAsync(PreparedWork work, CancellationToken cancellationToken)
    {
        if (await RehearseAsync(work, cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        try
        {
            var (id, open) = (work.TransactionId, TransactionStreams.Open(_name));
            StreamAppend[] intents =
            [
                TransactionIntents.Write(TransactionStreams.Intent(_name, id), work, _timeProvider),
                TransactionStreams.Note(open, TransactionStreams.Opened, id, _timeProvider),
            ];
            await Appender.AppendAsync(intents, CancellationToken.None).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return e.Message;
        }
    }

    /// <summary>From now on it can not be prepared any more.</summary>
    public Task RefuseAsync(Guid id) => Appender.AppendAsync(
        [OutcomeOf(id, TransactionStreams.Refused, forced: null, damage: null)], CancellationToken.None);

    /// <summary>The outcome, and the work when it is committed, at one instant.</summary>
    /// <returns>What is not as it was promised, which is recorded then; otherwise null.</returns>
    public async Task<string?> EndAsync(
        PreparedWork prepared, bool isCommit, bool isLast, (string Who, string Why)? forced)
    {
        var id = prepared.TransactionId;
        var type = isCommit ? TransactionStreams.Committed : TransactionStreams.Aborted;
        var (work, closed) = (isCommit ? prepared.Appends : [], Closed(id, isLast));
        try
        {
            try
            {
                return await AppendAsync(work, damage: null).ConfigureAwait(false);
            }
            catch (ConcurrencyException) when (work.Count > 0)
            {
                // Promised is promised.
                return await AppendAsync(
                    [.. work.Select(append => append with { Expected = ExpectedVersion.Any })], WrittenPast)
                    .ConfigureAwait(false);
            }
        }
        catch (Exception e) when (work.Count > 0 && IsRefusal(e))
        {
            // Somebody has taken an event's id since, or the limits of the store are others: that does not change any
            // more, and to hold the streams for ever helps nobody.
            var intents = TransactionStreams.Intent(_name, id);
            return await AppendAsync([], Cut($"The store refuses its events, which are only in {intents}: {e.Message}"))
                .ConfigureAwait(false);
        }

        async Task<string?> AppendAsync(IReadOnlyList<StreamAppend> appends, string? damage)
        {
            var outcome = OutcomeOf(id, type, forced, damage);
            await Appender.AppendAsync([.. appends, outcome, closed], CancellationToken.None).ConfigureAwait(false);
            return damage;
        }
    }

    /// <summary>A commit of which nothing is here.</summary>
    public Task LoseAsync(Guid id, string damage) => Appender.AppendAsync(
        [OutcomeOf(id, TransactionStreams.Committed, forced: null, damage)], CancellationToken.None);

    public Task DamageAsync(Guid id, string damage)
    {
        var outcome = TransactionStreams.Outcome(_name, id);
        return Appender.AppendAsync(
            [new StreamAppend(outcome, [DamageOf(outcome, damage)])], CancellationToken.None);
    }

    // What the store refuses now and ever, whoever asks how often.
    private static bool IsRefusal(Exception e) =>
        e is ArgumentException or InvalidEventException or EventIdReusedException;

    private static string Cut(string detail) =>
        detail.Length <= MaxDetailLength ? detail : string.Concat(detail.AsSpan(0, MaxDetailLength - 1), "…");

    // The commit as it would be at its largest, and at a version of one stream that cannot be: the store looks at
    // everything with its own limits and ids, and writes nothing. An id that is taken comes before a version that is
    // not met, because a repeated append is answered under every expectation.
    private async Task<string?> RehearseAsync(PreparedWork work, CancellationToken cancellationToken)
    {
        var longest = new string('\u2028', MaxForcedLength);
        var outcome = OutcomeOf(
            work.TransactionId, TransactionStreams.Committed, (longest, longest), longest);
        var closed = Closed(work.TransactionId, isLast: true) with
        {
            Expected = ExpectedVersion.Exactly(new StreamVersion(Impossible)),
        };
        try
        {
            await Appender.AppendAsync([.. work.Appends, outcome, closed], cancellationToken).ConfigureAwait(false);
            throw new InvalidOperationException("The store took an append at a version that no stream has.");
        }
        catch (ConcurrencyException e)
        {
            return e.ExpectedVersion == Impossible
                ? null
                : $"{e.StreamId} is at version {e.ActualVersion}, not {e.ExpectedVersion}.";
        }
        catch (Exception e) when (IsRefusal(e))
        {
            return e.Message;
        }
    }

    private StreamAppend Closed(Guid id, bool isLast)
    {
        var closed = TransactionStreams.Note(
            TransactionStreams.Open(_name), TransactionStreams.Closed, id, _timeProvider);
        if (!isLast)
        {
            return closed;
        }

        var settled = TransactionStreams.Append(closed.StreamId, TransactionStreams.Settled, _timeProvider);
        return closed with { Events = [.. closed.Events, .. settled.Events] };
    }

    private StreamAppend OutcomeOf(Guid id, string type, (string Who, string Why)? forced, string? damage)
    {
        var outcome = TransactionStreams.Append(
            TransactionStreams.Outcome(_name, id),
            type,
            _timeProvider,
            ExpectedVersion.NoStream,
            json =>
            {
                if (forced is { } operatorDecision)
                {
                    json.WriteString(TransactionStreams.ForcedBy, operatorDecision.Who);
                    json.WriteString("reason", operatorDecision.Why);
                }
            });
        return damage is null
            ? outcome
            : outcome with { Events = [.. outcome.Events, DamageOf(outcome.StreamId, damage)] };
    }

    private EventEnvelope DamageOf(StreamId outcome, string damage) => TransactionStreams.Append(
        outcome,
        TransactionStreams.Damaged,
        _timeProvider,
        write: json => json.WriteString("detail", damage)).Events[0];
}
