using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Keeps the effects of a replay in one transaction: all of them are committed at the end, or none. The database may be
/// any one, that of the store included. For one replay at a time; not thread-safe.
/// </summary>
/// <remarks>
/// <para>An exception in the middle leaves nothing behind: the transaction is rolled back, by the server when the
/// connection was lost. Each event is guarded by a savepoint, so one that fails leaves nothing either.</para>
/// <para>The transaction is as long as the replay, and holds back the clean-up of old rows in its database meanwhile;
/// cut a very long replay by <see cref="ReplaySelection.Limit"/>.</para>
/// </remarks>
public sealed class PostgresReplayTarget : IReplayTarget, IAsyncDisposable
{
    // Names of ours, so that a handler's own savepoints do not meet them.
    private const string EventMark = "k1s0_replay_event";
    private const string StepMark = "k1s0_replay_step";

    private readonly NpgsqlDataSource _dataSource;
    private readonly Func<ReplayPlace, NpgsqlTransaction, Task>? _keepPlace;
    private NpgsqlConnection? _connection;
    private NpgsqlTransaction? _transaction;

    // Whether the event has written anything: its own mark serves the first step.
    private bool _hasBegunEvent;
    private string _stepMark = EventMark;

    /// <summary>A target in a database.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="keepPlace">
    /// Writes down the place that was reached, in the same transaction; called before a commit, unless there is none.
    /// </param>
    public PostgresReplayTarget(
        NpgsqlDataSource dataSource, Func<ReplayPlace, NpgsqlTransaction, Task>? keepPlace = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        (_dataSource, _keepPlace) = (dataSource, keepPlace);
    }

    /// <summary>A handler of the replay whose effects are written through the transaction.</summary>
    /// <param name="handler">What to do with an event. The replay undoes a failed attempt before the next one.</param>
    public ISubscriptionHandler Writing(ITransactionalHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return new Writer(this, handler);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A replay is under way already.</exception>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_transaction is not null)
        {
            throw new InvalidOperationException("The target is written by another replay.");
        }

        try
        {
            _connection = await _dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            _transaction = await _connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await _transaction.SaveAsync(EventMark, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e))
        {
            await EndAsync().ConfigureAwait(false);
            throw DriverErrors.Translate(e, "begin");
        }
        catch
        {
            await EndAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task BeginStepAsync()
    {
        var transaction = Current;
        _stepMark = _hasBegunEvent ? StepMark : EventMark;
        if (_hasBegunEvent)
        {
            await TranslatedAsync("mark", () => transaction.SaveAsync(StepMark)).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task UndoStepAsync()
    {
        var transaction = Current;
        return TranslatedAsync("undo", () => transaction.RollbackAsync(_stepMark));
    }

    /// <inheritdoc/>
    public async Task MarkAsync()
    {
        var transaction = Current;
        await TranslatedAsync("mark", async () =>
        {
            // Fails when a handler has swallowed an error of the server, which undid what it wrote.
            await transaction.ReleaseAsync(EventMark).ConfigureAwait(false);
            await transaction.SaveAsync(EventMark).ConfigureAwait(false);
        }).ConfigureAwait(false);
        _hasBegunEvent = false;
    }

    /// <inheritdoc/>
    public async Task UndoAsync()
    {
        var transaction = Current;
        await TranslatedAsync("undo", () => transaction.RollbackAsync(EventMark)).ConfigureAwait(false);
        _hasBegunEvent = false;
    }

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The connection was lost; nothing is kept.</exception>
    /// <exception cref="StoreOperationException">The server refuses to commit; nothing is kept.</exception>
    public async Task CommitAsync(ReplayPlace? reached)
    {
        var transaction = Current;
        try
        {
            if (reached is not null && _keepPlace is not null)
            {
                await _keepPlace(reached, transaction).ConfigureAwait(false);
            }

            await TranslatedAsync("mark", () => transaction.ReleaseAsync(EventMark)).ConfigureAwait(false);
            using var watch = new CommitWatch(_connection!);
            try
            {
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e, _connection!))
            {
                throw DriverErrors.TranslateWrite(e, "commit");
            }

            if (watch.Warning is { } warning)
            {
                throw new WriteOutcomeUnknownException(warning);
            }
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task RollbackAsync()
    {
        _ = Current;

        // Ending a transaction that was not committed rolls it back; so does the server when the connection is lost.
        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>Rolls back what was not committed, and gives the connection back.</summary>
    public async ValueTask DisposeAsync() => await EndAsync().ConfigureAwait(false);

    private NpgsqlTransaction Current => _transaction
        ?? throw new InvalidOperationException("The target is written inside of a replay only.");

    private async Task EndAsync()
    {
        var (transaction, connection) = (_transaction, _connection);
        (_transaction, _connection, _hasBegunEvent) = (null, null, false);
        if (connection is null)
        {
            return;
        }

        try
        {
            if (transaction is not null)
            {
                await transaction.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e, connection))
        {
            // The connection is lost, and with it the transaction.
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task TranslatedAsync(string what, Func<Task> ask)
    {
        try
        {
            await ask().ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e, _connection!))
        {
            throw DriverErrors.Translate(e, what);
        }
    }

    private sealed class Writer(PostgresReplayTarget target, ITransactionalHandler handler) : ISubscriptionHandler
    {
        public async ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
        {
            await handler.HandleAsync(envelope, target.Current, cancellationToken).ConfigureAwait(false);
            target._hasBegunEvent = true;
        }
    }
}
