namespace K1s0.EventStore.Sync;

/// <summary>
/// A node's part in transactions over several nodes. What it has promised is durable in its own store before it says
/// yes; from then on it never decides by itself and never by the clock.
/// </summary>
/// <remarks>
/// <para>Streams that transactions touch are written through <see cref="AppendAsync"/> while a participant is in use:
/// it refuses those that a prepared transaction holds. Who writes past it can break what was promised; that is found at
/// the commit, done all the same, and reported as damage.</para>
/// <para>Before it says yes it has the store refuse the very commit at a version that cannot be, so that what the store
/// would never take is refused in time; a store that counts refused appends counts one for each yes.</para>
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
        (_name, _timeProvider, _options) = (name, timeProvider ?? TimeProvider.System, (options ?? new()).Checked());
        _log = new ParticipantLog(name, store, _timeProvider);
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
                    return outcome.Status;
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
    /// start and every few seconds while something is prepared. One that fails is told to
    /// <see cref="TransactionOptions.OnFailure"/> and does not hold up the others.
    /// </summary>
    /// <param name="find">Finds a coordinator or participant by its name; null when it is not known.</param>
    /// <param name="cancellationToken">Gives up; what was found out is done.</param>
    /// <returns>What is still in doubt, or could not be done.</returns>
    public async Task<IReadOnlyList<InDoubtTransaction>> RecoverAsync(
        Func<string, ITransactionPeer?> find, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(find);
        var peers = new TransactionCalls(find, _options, _timeProvider);
        var prepared = await InsideAsync(
            () => Task.FromResult(_prepared.Values.ToArray()), cancellationToken).ConfigureAwait(false);
        var inDoubt = new List<InDoubtTransaction>();
        foreach (var (work, at) in prepared)
        {
            if (await TrySettleAsync(work, peers, cancellationToken).ConfigureAwait(false))
            {
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
    /// An operator decides instead of a coordinator that will not come back, for this node: others are not told when
    /// they ask. Who and why is recorded; a real decision that turns out to be another is damage, and reported too.
    /// </summary>
    /// <param name="transactionId">A transaction that is prepared.</param>
    /// <param name="isCommit">Whether to commit it here.</param>
    /// <param name="who">Who decides, for the record; at most 1,000 characters.</param>
    /// <param name="why">Why, for the record; at most 1,000 characters.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>Whether it was prepared; otherwise nothing happened.</returns>
    public Task<bool> ForceAsync(
        Guid transactionId, bool isCommit, string who, string why, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        ArgumentException.ThrowIfNullOrWhiteSpace(why);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(who.Length, ParticipantLog.MaxForcedLength, nameof(who));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(why.Length, ParticipantLog.MaxForcedLength, nameof(why));
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

    private async Task<bool> TrySettleAsync(
        PreparedWork work, TransactionCalls peers, CancellationToken cancellationToken)
    {
        var status = await peers.AskAsync(work, cancellationToken).ConfigureAwait(false);
        if (status is TransactionStatus.Undecided)
        {
            return false;
        }

        try
        {
            await DecideAsync(work.TransactionId, status is TransactionStatus.Committed, cancellationToken)
                .ConfigureAwait(false);
            return true;
        }
        catch (EventStoreException e)
        {
            _options.OnFailure?.Invoke(new TransactionFailure(work.TransactionId, _name, e));
            return false;
        }
    }

    private async Task<TransactionVote> PrepareInsideAsync(PreparedWork work, CancellationToken cancellationToken)
    {
        if (_prepared.ContainsKey(work.TransactionId))
        {
            return TransactionVote.Yes;
        }

        if (await _log.OutcomeAsync(work.TransactionId, cancellationToken).ConfigureAwait(false) is { } outcome)
        {
            return outcome.IsCommitted ? TransactionVote.Yes : TransactionVote.No("it is aborted here.");
        }

        if (FindHolder(work.Appends.Select(append => append.StreamId)) is { } holder)
        {
            return TransactionVote.No($"{holder} is held by another transaction.");
        }

        if (FindPrepared(work) is { } id)
        {
            return TransactionVote.No($"event {id} is part of another transaction.");
        }

        if (await _log.PrepareAsync(work, cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            return TransactionVote.No(refusal);
        }

        _prepared.Add(work.TransactionId, (work, _timeProvider.GetUtcNow()));
        return TransactionVote.Yes;
    }

    private async Task EndAsync(Guid id, bool isCommit, (string Who, string Why)? forced)
    {
        if (await _log.OutcomeAsync(id, CancellationToken.None).ConfigureAwait(false) is { } outcome)
        {
            // A decision comes as often as its teller is in doubt; the damage is told once.
            if (outcome.IsCommitted != isCommit && !outcome.IsDamaged)
            {
                var contradiction = $"It was {outcome.Type} here, and the decision is another.";
                await _log.DamageAsync(id, contradiction).ConfigureAwait(false);
                ReportDamage(id, contradiction);
            }

            return;
        }

        if (_prepared.TryGetValue(id, out var prepared))
        {
            var damage = await _log.EndAsync(prepared.Work, isCommit, isLast: _prepared.Count == 1, forced)
                .ConfigureAwait(false);
            _prepared.Remove(id);
            ReportDamage(id, damage);
        }
        else if (isCommit)
        {
            // Nobody decides that without a yes from here: the store has lost what was promised.
            const string Lost = "It is committed, and nothing is left here of what was prepared.";
            await _log.LoseAsync(id, Lost).ConfigureAwait(false);
            ReportDamage(id, Lost);
        }
    }

    private void ReportDamage(Guid id, string? damage)
    {
        if (damage is not null)
        {
            _options.OnDamage?.Invoke(new TransactionDamage(id, _name, damage));
        }
    }

    private Guid? FindPrepared(PreparedWork work)
    {
        var ids = _prepared.Values.SelectMany(one => one.Work.Appends).SelectMany(append => append.Events)
            .Select(one => one.Id).ToHashSet();
        return work.Appends.SelectMany(append => append.Events).FirstOrDefault(one => ids.Contains(one.Id))?.Id;
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
