namespace K1s0.EventStore.Sync;

/// <summary>What a participant has written down, in its store.</summary>
internal sealed class ParticipantLog
{
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

    /// <summary>The first event of the outcome; null when there is none.</summary>
    public Task<string?> OutcomeAsync(Guid id, CancellationToken cancellationToken) =>
        TransactionStreams.FirstTypeAsync(_store, TransactionStreams.Outcome(_name, id), cancellationToken);

    public async Task<Dictionary<Guid, (PreparedWork Work, DateTimeOffset At)>> ReadPreparedAsync(
        CancellationToken cancellationToken)
    {
        var prepared = new Dictionary<Guid, (PreparedWork Work, DateTimeOffset At)>();
        var open = await TransactionStreams.ReadOpenAsync(_reader, _name, cancellationToken).ConfigureAwait(false);
        foreach (var id in open)
        {
            var stored = await _store.LoadAsync(
                TransactionStreams.Intent(_name, id), cancellationToken: cancellationToken).ConfigureAwait(false);
            prepared.Add(id, (TransactionIntents.Read(id, stored), stored[0].OccurredAt));
        }

        return prepared;
    }

    /// <summary>The intents, and that the transaction is open: durable when it returns.</summary>
    public Task PrepareAsync(PreparedWork work) => Appender.AppendAsync(
        [
            TransactionIntents.Write(TransactionStreams.Intent(_name, work.TransactionId), work, _timeProvider),
            TransactionStreams.Note(_name, TransactionStreams.Opened, work.TransactionId, _timeProvider),
        ],
        CancellationToken.None);

    /// <summary>From now on it can not be prepared any more.</summary>
    public Task RefuseAsync(Guid id) =>
        Appender.AppendAsync([OutcomeOf(id, TransactionStreams.Refused, forced: null)], CancellationToken.None);

    /// <summary>The outcome, and the work when it is committed, at one instant.</summary>
    /// <returns>Whether the streams were as it was promised.</returns>
    public async Task<bool> EndAsync(
        PreparedWork prepared, bool isCommit, bool isLast, (string Who, string Why)? forced)
    {
        var id = prepared.TransactionId;
        var closed = TransactionStreams.Note(_name, TransactionStreams.Closed, id, _timeProvider);
        if (isLast)
        {
            var settled = TransactionStreams.Append(closed.StreamId, TransactionStreams.Settled, _timeProvider);
            closed = closed with { Events = [.. closed.Events, .. settled.Events] };
        }

        var type = isCommit ? TransactionStreams.Committed : TransactionStreams.Aborted;
        var (work, outcome) = (isCommit ? prepared.Appends : [], OutcomeOf(id, type, forced));
        try
        {
            await Appender.AppendAsync([.. work, outcome, closed], CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (ConcurrencyException) when (work.Count > 0)
        {
            // Promised is promised.
            await Appender.AppendAsync(
                [.. work.Select(append => append with { Expected = ExpectedVersion.Any }), outcome, closed],
                CancellationToken.None).ConfigureAwait(false);
            return false;
        }
    }

    public Task DamageAsync(Guid id, string detail) => Appender.AppendAsync(
        [
            TransactionStreams.Append(
                TransactionStreams.Outcome(_name, id),
                TransactionStreams.Damaged,
                _timeProvider,
                write: json => json.WriteString("detail", detail)),
        ],
        CancellationToken.None);

    private StreamAppend OutcomeOf(Guid id, string type, (string Who, string Why)? forced) => TransactionStreams.Append(
        TransactionStreams.Outcome(_name, id),
        type,
        _timeProvider,
        ExpectedVersion.NoStream,
        json =>
        {
            if (forced is { } operatorDecision)
            {
                json.WriteString("forcedBy", operatorDecision.Who);
                json.WriteString("reason", operatorDecision.Why);
            }
        });
}
