namespace K1s0.EventStore.Sync;

/// <summary>
/// A node's part in transactions over several nodes. What it has promised is durable in its own store before it says
/// yes; from then on it never decides by itself and never by the clock.
/// </summary>
/// <remarks>
/// <para>Streams that transactions touch are written through <see cref="AppendAsync"/> while a participant is in use:
/// it refuses those that a prepared transaction holds. Who writes past it can break what was promised; that is found at
/// the commit, done all the same, and reported as damage.</para>
/// <para>Safe for several threads; one participant of a name in one process. An exception in the middle leaves each
/// step done or not done as a whole; <see cref="RecoverAsync"/> goes on from there.</para>
/// </remarks>
public sealed class TransactionParticipant : ITransactionPeer, IDisposable
{
    private readonly string _name;
    private readonly ParticipantLog _log;
    private readonly TransactionOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly SemaphoreSlim _gate = new(1, 1);

    // Guarded by the gate: what is prepared, and whether a store that failed makes it uncertain.
    private Dictionary<Guid, (PreparedWork Work, DateTimeOffset At)> _prepared = [];
    private bool _isUncertain = true;

    /// <summary>A participant; what its store says it has promised is read with the first call.</summary>
    /// <param name="name">Its name, known to coordinators; 1 to 100 characters.</param>
    /// <param name="store">Its store; it also appends to several streams at once and reads streams backward.</param>
    /// <param name="options">Timeouts and alarms; the defaults when null.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">The store lacks a role, or the name has a wrong length.</exception>
    public TransactionParticipant(
        string name, IEventStore store, TransactionOptions? options = null, TimeProvider? timeProvider = null)
    {
        (_name, _timeProvider) = (name, timeProvider ?? TimeProvider.System);
        _log = new ParticipantLog(name, store, _timeProvider);
        _options = (options ?? new TransactionOptions()).Checked();
    }

    /// <summary>Appends outside of transactions, unless a prepared transaction holds the stream.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="events">The events.</param>
    /// <param name="expected">What must be true of the stream.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <exception cref="ConcurrencyException">The stream is at another version, or is held.</exception>
    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IReadOnlyList<EventEnvelope> events,
        ExpectedVersion expected = default,
        CancellationToken cancellationToken = default) =>
        InsideAsync(
            async () =>
            {
                if (FindHolder([streamId]) is not null)
                {
                    var version = await _log.VersionAsync(streamId, cancellationToken).ConfigureAwait(false);
                    throw new ConcurrencyException(streamId, expected, version);
                }

                return await _log.Appender.AppendAsync(streamId, events, expected, cancellationToken)
                    .ConfigureAwait(false);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<TransactionVote> PrepareAsync(PreparedWork work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return InsideAsync(() => PrepareInsideAsync(work, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task DecideAsync(Guid transactionId, bool isCommit, CancellationToken cancellationToken = default) =>
        InsideAsync(
            async () =>
            {
                await EndAsync(transactionId, isCommit, forced: null).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<TransactionStatus> AskAsync(Guid transactionId, CancellationToken cancellationToken = default) =>
        InsideAsync(
            async () =>
            {
                var outcome = await _log.OutcomeAsync(transactionId, cancellationToken).ConfigureAwait(false);
                if (outcome is not null)
                {
                    return IsCommitted(outcome) ? TransactionStatus.Committed : TransactionStatus.Aborted;
                }

                if (_prepared.ContainsKey(transactionId))
                {
                    return TransactionStatus.Undecided;
                }

                // It has promised nothing, and from now on it never will: so the transaction cannot be committed.
                await _log.RefuseAsync(transactionId).ConfigureAwait(false);
                return TransactionStatus.Aborted;
            },
            cancellationToken);

    /// <summary>
    /// Asks about every transaction that is prepared: the coordinator, then the other participants. Call it at the
    /// start and every few seconds while something is prepared.
    /// </summary>
    /// <param name="find">Finds a coordinator or participant by its name; null when it is not known.</param>
    /// <param name="cancellationToken">Gives up; what was found out is done.</param>
    /// <returns>What is still in doubt.</returns>
    public async Task<IReadOnlyList<InDoubtTransaction>> RecoverAsync(
        Func<string, ITransactionPeer?> find, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(find);
        var prepared = await InsideAsync(
            () => Task.FromResult(_prepared.Values.ToArray()), cancellationToken).ConfigureAwait(false);
        var inDoubt = new List<InDoubtTransaction>();
        foreach (var (work, at) in prepared)
        {
            var status = await AskOthersAsync(work, find, cancellationToken).ConfigureAwait(false);
            if (status is not TransactionStatus.Undecided)
            {
                await DecideAsync(work.TransactionId, status is TransactionStatus.Committed, cancellationToken)
                    .ConfigureAwait(false);
                continue;
            }

            var doubtful = new InDoubtTransaction(
                work.TransactionId, work.Coordinator, at, [.. work.Appends.Select(append => append.StreamId)]);
            inDoubt.Add(doubtful);
            if (_timeProvider.GetUtcNow() - at >= _options.InDoubtAfter)
            {
                _options.OnInDoubt?.Invoke(doubtful);
            }
        }

        return inDoubt;
    }

    /// <summary>
    /// An operator decides instead of a coordinator that will not come back. It is recorded who and why; when the real
    /// decision turns out to be another, that is damage, and is reported and recorded too.
    /// </summary>
    /// <param name="transactionId">A transaction that is prepared.</param>
    /// <param name="isCommit">Whether to commit it here.</param>
    /// <param name="who">Who decides, for the record.</param>
    /// <param name="why">Why, for the record.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>Whether it was prepared; otherwise nothing happened.</returns>
    public Task<bool> ForceAsync(
        Guid transactionId, bool isCommit, string who, string why, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        ArgumentException.ThrowIfNullOrWhiteSpace(why);
        return InsideAsync(
            async () =>
            {
                if (!_prepared.ContainsKey(transactionId))
                {
                    return false;
                }

                await EndAsync(transactionId, isCommit, (who, why)).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private static bool IsCommitted(string outcome) =>
        string.Equals(outcome, TransactionStreams.Committed, StringComparison.Ordinal);

    private static async Task<TransactionStatus> AskOthersAsync(
        PreparedWork work, Func<string, ITransactionPeer?> find, CancellationToken cancellationToken)
    {
        foreach (var name in work.Participants.Prepend(work.Coordinator))
        {
            if (find(name) is not { } peer)
            {
                continue;
            }

            try
            {
                var status = await peer.AskAsync(work.TransactionId, cancellationToken).ConfigureAwait(false);
                if (status is not TransactionStatus.Undecided)
                {
                    return status;
                }
            }
            catch (Exception e) when (e is IOException or TimeoutException or EventStoreException)
            {
                // Not reached, or its store failed: the next one may know, and recovery comes again.
            }
        }

        return TransactionStatus.Undecided;
    }

    private async Task<TransactionVote> PrepareInsideAsync(PreparedWork work, CancellationToken cancellationToken)
    {
        if (_prepared.ContainsKey(work.TransactionId))
        {
            return TransactionVote.Yes;
        }

        if (await _log.OutcomeAsync(work.TransactionId, cancellationToken).ConfigureAwait(false) is { } outcome)
        {
            return IsCommitted(outcome) ? TransactionVote.Yes : TransactionVote.No("it is aborted here.");
        }

        if (FindHolder(work.Appends.Select(append => append.StreamId)) is { } holder)
        {
            return TransactionVote.No($"{holder} is held by another transaction.");
        }

        foreach (var append in work.Appends)
        {
            var version = await _log.VersionAsync(append.StreamId, cancellationToken).ConfigureAwait(false);
            if (!append.Expected.Accepts(version))
            {
                return TransactionVote.No($"{append.StreamId} is at version {version}, not {append.Expected}.");
            }
        }

        await _log.PrepareAsync(work).ConfigureAwait(false);
        _prepared.Add(work.TransactionId, (work, _timeProvider.GetUtcNow()));
        return TransactionVote.Yes;
    }

    private async Task EndAsync(Guid id, bool isCommit, (string Who, string Why)? forced)
    {
        if (await _log.OutcomeAsync(id, CancellationToken.None).ConfigureAwait(false) is { } outcome)
        {
            if (IsCommitted(outcome) != isCommit)
            {
                await DamageAsync(id, $"it was {outcome} here, and the decision is another.").ConfigureAwait(false);
            }

            return;
        }

        if (!_prepared.TryGetValue(id, out var prepared))
        {
            return;
        }

        var isAsPromised = await _log.EndAsync(prepared.Work, isCommit, isLast: _prepared.Count == 1, forced)
            .ConfigureAwait(false);
        _prepared.Remove(id);
        if (!isAsPromised)
        {
            await DamageAsync(id, "a stream was written past the participant; the events stand behind that.")
                .ConfigureAwait(false);
        }
    }

    private async Task DamageAsync(Guid id, string detail)
    {
        await _log.DamageAsync(id, detail).ConfigureAwait(false);
        _options.OnDamage?.Invoke(new TransactionDamage(id, _name, detail));
    }

    private StreamId? FindHolder(IEnumerable<StreamId> streams)
    {
        var held = _prepared.Values.SelectMany(one => one.Work.Appends).Select(append => append.StreamId).ToHashSet();
        return streams.FirstOrDefault(held.Contains);
    }

    // After a store that failed nobody knows what is promised: it is read anew before anything else.
    private async Task<T> InsideAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isUncertain)
            {
                _prepared = await _log.ReadPreparedAsync(cancellationToken).ConfigureAwait(false);
            }

            _isUncertain = true;
            var result = await action().ConfigureAwait(false);
            _isUncertain = false;
            return result;
        }
        finally
        {
            _gate.Release();
        }
    }
}
