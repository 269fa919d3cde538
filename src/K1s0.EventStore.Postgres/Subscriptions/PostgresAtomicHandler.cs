using System.Data;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Runs a handler in the transaction that moves the checkpoint, which lives in the same database: effects and
/// checkpoint commit together, so each effect happens exactly once. Thread-safe.
/// </summary>
/// <remarks>
/// The checkpoint is moved last, by compare-and-set: a former owner that was frozen in the middle finds that it was
/// taken over, and its effects are rolled back. An exception in the middle leaves nothing behind; when the answer to
/// the commit is lost, the subscription claims its checkpoint again and sees where it stands. What a frozen owner has
/// locked it keeps from the new one until its transaction ends: <c>longestIdle</c> bounds that.
/// </remarks>
public sealed class PostgresAtomicHandler : IAtomicHandler
{
    private readonly Func<IReadOnlyList<EventEnvelope>, NpgsqlTransaction, CancellationToken, Task> _handle;
    private readonly bool _takesBatches;
    private readonly PostgresDatabase _database;
    private readonly PostgresCheckpointStore _checkpoints;
    private readonly PostgresParkedEventStore _parked;
    private readonly long? _longestIdleMilliseconds;

    /// <summary>A handler that writes into the database of the store.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="handler">What to do with an event.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="longestIdle">
    /// How long the handler may leave its transaction idle before the server ends it: the length of the lease where
    /// processes share the subscription. As the server is set up when null.
    /// </param>
    public PostgresAtomicHandler(
        NpgsqlDataSource dataSource,
        ITransactionalHandler handler,
        PostgresOptions? options = null,
        TimeSpan? longestIdle = null)
        : this(
            dataSource,
            (events, transaction, token) => handler.HandleAsync(events[0], transaction, token),
            takesBatches: false,
            options,
            longestIdle) =>
        ArgumentNullException.ThrowIfNull(handler);

    /// <summary>
    /// The same around a function that takes a batch of events at once; when it fails, the last of them is blamed.
    /// </summary>
    internal PostgresAtomicHandler(
        NpgsqlDataSource dataSource,
        Func<IReadOnlyList<EventEnvelope>, NpgsqlTransaction, CancellationToken, Task> handle,
        bool takesBatches,
        PostgresOptions? options,
        TimeSpan? longestIdle)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(
            longestIdle ?? TimeSpan.MaxValue, TimeSpan.FromMilliseconds(1), nameof(longestIdle));
        (_handle, _takesBatches) = (handle, takesBatches);
        _longestIdleMilliseconds = (long?)longestIdle?.TotalMilliseconds;
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
        _checkpoints = new PostgresCheckpointStore(dataSource, options);
        _parked = new PostgresParkedEventStore(dataSource, options);
    }

    /// <inheritdoc/>
    public Task<CheckpointClaim> HandleAsync(
        IReadOnlyList<EventEnvelope> events,
        CheckpointClaim claim,
        Checkpoint checkpoint,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(claim);
        ArgumentNullException.ThrowIfNull(checkpoint);
        return CommitAsync(
            events,
            transaction => _checkpoints.SaveAsync(claim, checkpoint, transaction, cancellationToken),
            static _ => true,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task ReplayAsync(EventEnvelope envelope, CheckpointClaim claim, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(claim);
        var checkpoint = claim.Checkpoint
            ?? throw new ArgumentException("Nothing can be parked before there is a checkpoint.", nameof(claim));
        return CommitAsync(
            [envelope],
            async transaction =>
            {
                // Moves it nowhere, but only for its owner.
                await _checkpoints.SaveAsync(claim, checkpoint, transaction, cancellationToken).ConfigureAwait(false);
                return await _parked.RemoveAsync(claim.Consumer, envelope.Position, transaction, cancellationToken)
                    .ConfigureAwait(false);
            },

            // One that is not parked any more was handled when it was taken out: the answer to that was lost.
            static wasParked => wasParked,
            cancellationToken);
    }

    private async Task<TResult> CommitAsync<TResult>(
        IReadOnlyList<EventEnvelope> events,
        Func<NpgsqlTransaction, Task<TResult>> finish,
        Func<TResult, bool> isToCommit,
        CancellationToken cancellationToken)
    {
        var connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    await LimitIdleAsync(transaction, cancellationToken).ConfigureAwait(false);
                    foreach (var part in events.Chunk(_takesBatches ? Math.Max(1, events.Count) : 1))
                    {
                        await ApplyAsync(part, transaction, connection, cancellationToken).ConfigureAwait(false);
                    }

                    var result = await finish(transaction).ConfigureAwait(false);

                    // Giving up here would not tell whether it is committed.
                    await (isToCommit(result)
                        ? transaction.CommitAsync(CancellationToken.None)
                        : transaction.RollbackAsync(CancellationToken.None)).ConfigureAwait(false);
                    return result;
                }
            }
            catch (Exception e) when (events.Count > 0 && IsBlameOfHandler(e))
            {
                throw new EventHandlingException(events[^1], e);
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e))
            {
                throw DriverErrors.Translate(e, "commit");
            }
        }
    }

    private Task LimitIdleAsync(NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        _longestIdleMilliseconds is not { } milliseconds
            ? Task.CompletedTask
            : _database.QueryAsync(
                "limit_idle_transaction",
                parameters => parameters.Add(new NpgsqlParameter<long> { TypedValue = milliseconds }),
                static _ => 0,
                cancellationToken,
                transaction);

    private async Task ApplyAsync(
        EventEnvelope[] part,
        NpgsqlTransaction transaction,
        NpgsqlConnection connection,
        CancellationToken cancellationToken)
    {
        try
        {
            await _handle(part, transaction, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (connection.State is not ConnectionState.Open
            || e is PostgresException { IsTransient: true })
        {
            // Not the event's fault: it comes again when the database can be reached.
            throw new StoreUnavailableException(
                $"PostgreSQL was lost while {part[0]} was handled ({DriverErrors.Describe(e)}).", e);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EventHandlingException(part[^1], e);
        }
    }

    // A handler that swallowed an error of the server, or wrote what a deferred constraint refuses.
    private static bool IsBlameOfHandler(Exception e) =>
        e is StoreOperationException { InnerException: PostgresException refused }
            ? refused.SqlState is PostgresErrorCodes.InFailedSqlTransaction
            : e is PostgresException { IsTransient: false } && DriverErrors.IsUndone(e);
}
