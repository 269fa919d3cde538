namespace K1s0.EventStore.Sync;

/// <summary>
/// Runs transactions over several nodes: all of them do their part, or none does. Two phases, presumed abort: only a
/// commit is written down, before anybody is told.
/// </summary>
/// <remarks>
/// <para>What it promises: one outcome everywhere, and on each node all of its part at one instant. What it does not
/// promise: that all nodes show it at the same time; that it goes on while the coordinator is away, because nodes that
/// are prepared hold their streams until they can ask; and that a commit can be taken back. A node that cannot be
/// reached makes it abort: for nodes that may be offline use a <see cref="Saga"/>.</para>
/// <para>Safe for several threads; several transactions may run at once.</para>
/// </remarks>
public sealed class TransactionCoordinator : ITransactionPeer
{
    private const string Participants = "participants";

    // So many notes of what is over are read again with each recovery, at most, before they are left behind.
    private const int SettleAfter = 100;

    private readonly string _name;
    private readonly IEventStore _store;
    private readonly IEventAppender _appender;
    private readonly IStreamReader _reader;
    private readonly TransactionCalls _peers;
    private readonly TransactionOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();

    // Guarded by the lock: transactions of this process whose decision is still open.
    private readonly HashSet<Guid> _running = [];

    /// <summary>A coordinator.</summary>
    /// <param name="name">Its name, by which participants find it again; 1 to 100 characters.</param>
    /// <param name="store">
    /// Where it writes decisions; it also appends to several streams and reads them backward.
    /// </param>
    /// <param name="find">Finds a participant by its name; null when it is not known.</param>
    /// <param name="options">Timeouts; the defaults when null.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">The store lacks a role, or the name has a wrong length.</exception>
    public TransactionCoordinator(
        string name,
        IEventStore store,
        Func<string, ITransactionPeer?> find,
        TransactionOptions? options = null,
        TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(find);
        _appender = store as IEventAppender
            ?? throw new ArgumentException($"The store is no {nameof(IEventAppender)}.", nameof(store));
        _reader = store as IStreamReader
            ?? throw new ArgumentException($"The store is no {nameof(IStreamReader)}.", nameof(store));
        (_name, _store, _timeProvider) = (name, store, timeProvider ?? TimeProvider.System);
        _options = (options ?? new TransactionOptions()).Checked();
        _peers = new TransactionCalls(find, _options, _timeProvider);
    }

    /// <summary>Runs a transaction.</summary>
    /// <param name="work">What each participant is to do, by its name.</param>
    /// <param name="cancellationToken">Aborts it, as long as it is not decided.</param>
    public async Task<TransactionOutcome> ExecuteAsync(
        IReadOnlyDictionary<string, IReadOnlyList<StreamAppend>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentOutOfRangeException.ThrowIfZero(work.Count, nameof(work));
        var id = Guid.CreateVersion7(_timeProvider.GetUtcNow());
        var names = work.Keys.Order(StringComparer.Ordinal).ToArray();
        Run(id, isRunning: true);
        try
        {
            var votes = await Task.WhenAll(names.Select(name => _peers.PrepareAsync(
                name, new PreparedWork(id, _name, names, work[name]), cancellationToken))).ConfigureAwait(false);
            var refusal = votes.FirstOrDefault(vote => !vote.IsYes)?.Reason;
            if (refusal is null)
            {
                await WriteDecisionAsync(id, TransactionStreams.Committed, names).ConfigureAwait(false);
            }

            Run(id, isRunning: false);
            var isEverywhere = await TellAllAsync(id, names, isCommit: refusal is null, CancellationToken.None)
                .ConfigureAwait(false);
            return refusal is null
                ? new TransactionOutcome(id, TransactionStatus.Committed, null, isEverywhere)
                : new TransactionOutcome(id, TransactionStatus.Aborted, refusal, isEverywhere);
        }
        catch (EventStoreException e)
        {
            // The decision may be in the store or not. Nobody is told anything; whoever asks makes the store say it.
            return new TransactionOutcome(id, TransactionStatus.Undecided, e.Message, IsEverywhere: false);
        }
        finally
        {
            Run(id, isRunning: false);
        }
    }

    /// <summary>
    /// Tells every participant of a commit that has not confirmed it. Call it at the start and every few seconds. One
    /// that fails is told to <see cref="TransactionOptions.OnFailure"/> and does not hold up the others.
    /// </summary>
    /// <param name="cancellationToken">Gives up; it can be called again.</param>
    /// <returns>How many transactions are not everywhere yet.</returns>
    public async Task<int> RecoverAsync(CancellationToken cancellationToken = default)
    {
        var left = 0;
        var notes = await TransactionStreams.ReadOpenAsync(
            _reader, TransactionStreams.Untold(_name), cancellationToken).ConfigureAwait(false);
        if (notes.Read > SettleAfter + (2 * notes.Open.Count))
        {
            await TrySettleAsync(notes).ConfigureAwait(false);
        }

        foreach (var id in notes.Open)
        {
            left += await TryFinishAsync(id, cancellationToken).ConfigureAwait(false) ? 0 : 1;
            cancellationToken.ThrowIfCancellationRequested();
        }

        return left;
    }

    /// <inheritdoc/>
    public async Task<TransactionStatus> AskAsync(Guid transactionId, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_running.Contains(transactionId))
            {
                return TransactionStatus.Undecided;
            }
        }

        if (await DecisionAsync(transactionId, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        try
        {
            // Presumed abort, made certain: a commit that is still on its way to the store finds the place taken.
            await WriteDecisionAsync(transactionId, TransactionStreams.Aborted, []).ConfigureAwait(false);
            return TransactionStatus.Aborted;
        }
        catch (ConcurrencyException)
        {
            return await DecisionAsync(transactionId, cancellationToken).ConfigureAwait(false)
                ?? TransactionStatus.Undecided;
        }
    }

    /// <summary>A coordinator is no participant.</summary>
    /// <param name="work">Is not looked at.</param>
    /// <param name="cancellationToken">Is not looked at.</param>
    Task<TransactionVote> ITransactionPeer.PrepareAsync(PreparedWork work, CancellationToken cancellationToken) =>
        Task.FromResult(TransactionVote.No("a coordinator takes no part."));

    /// <summary>A coordinator is told nothing.</summary>
    /// <param name="transactionId">Is not looked at.</param>
    /// <param name="isCommit">Is not looked at.</param>
    /// <param name="cancellationToken">Is not looked at.</param>
    Task ITransactionPeer.DecideAsync(Guid transactionId, bool isCommit, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A coordinator decides by itself.");

    private void Run(Guid id, bool isRunning)
    {
        lock (_lock)
        {
            _ = isRunning ? _running.Add(id) : _running.Remove(id);
        }
    }

    private async Task TrySettleAsync(OpenNotes notes)
    {
        try
        {
            await _appender.AppendAsync(
                [TransactionStreams.Settle(TransactionStreams.Untold(_name), notes, _timeProvider)],
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (EventStoreException)
        {
            // Somebody has written a note since they were read, or the store failed: it saves reading, no more.
        }
    }

    private async Task<bool> TryFinishAsync(Guid id, CancellationToken cancellationToken)
    {
        try
        {
            var names = await ReadParticipantsAsync(id, cancellationToken).ConfigureAwait(false);
            return await TellAllAsync(id, names, isCommit: true, cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e)
        {
            _options.OnFailure?.Invoke(new TransactionFailure(id, _name, e));
            return false;
        }
    }

    private async Task<IReadOnlyList<string>> ReadParticipantsAsync(Guid id, CancellationToken cancellationToken)
    {
        var decision = await _store.LoadAsync(
            TransactionStreams.Decision(_name, id), 1, 1, cancellationToken).ConfigureAwait(false);
        return decision is [var written] && written.Payload.TryGetProperty(Participants, out var names)
            ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
            : throw new InvalidFormatException("decision of a transaction", $"{id} has no participants.");
    }

    // Whether all have confirmed. An abort needs no confirmation: who has not heard of it asks.
    private async Task<bool> TellAllAsync(
        Guid id, IReadOnlyList<string> names, bool isCommit, CancellationToken cancellationToken)
    {
        var told = await Task.WhenAll(names.Select(
            name => _peers.TryTellAsync(name, id, isCommit, cancellationToken))).ConfigureAwait(false);
        var isEverywhere = told.All(one => one);
        return isEverywhere && (!isCommit || await TryCloseAsync(id).ConfigureAwait(false));
    }

    private async Task<bool> TryCloseAsync(Guid id)
    {
        try
        {
            await _appender.AppendAsync(
                [Note(TransactionStreams.Closed, id)], CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (EventStoreException)
        {
            // It stays open, and recovery tells everybody once more.
            return false;
        }
    }

    private Task<IReadOnlyList<AppendResult>> WriteDecisionAsync(Guid id, string decision, string[] names)
    {
        var isCommit = names.Length > 0;
        var written = TransactionStreams.Append(
            TransactionStreams.Decision(_name, id),
            decision,
            _timeProvider,
            ExpectedVersion.NoStream,
            json =>
            {
                json.WriteStartArray(Participants);
                foreach (var name in names)
                {
                    json.WriteStringValue(name);
                }

                json.WriteEndArray();
            });
        return _appender.AppendAsync(
            isCommit
                ? [written, Note(TransactionStreams.Opened, id)]
                : [written],
            CancellationToken.None);
    }

    private StreamAppend Note(string type, Guid id) =>
        TransactionStreams.Note(TransactionStreams.Untold(_name), type, id, _timeProvider);

    private async Task<TransactionStatus?> DecisionAsync(Guid id, CancellationToken cancellationToken) =>
        await TransactionStreams.FirstTypeAsync(_store, TransactionStreams.Decision(_name, id), cancellationToken)
            .ConfigureAwait(false) switch
        {
            null => null,
            TransactionStreams.Committed => TransactionStatus.Committed,
            _ => TransactionStatus.Aborted,
        };
}
