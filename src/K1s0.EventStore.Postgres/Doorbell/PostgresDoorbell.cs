using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Tells live subscriptions, here and in other processes, that events were appended, so that they need not ask all the
/// time. Thread-safe; one instance a store and process.
/// </summary>
/// <remarks>
/// <para>It rings by <c>NOTIFY</c>, after the commit and on a connection of its own, at most 100 times a second however
/// many appends there are: inside an append's transaction it would make all commits of the server wait for each other.
/// It listens on one connection, past any pooler.</para>
/// <para>Asking stays the truth: what is not rung for (appends in a caller's transaction, by SQL, or while the listener
/// is away) is found after <see cref="LiveFeedOptions.RestingPollInterval"/>, and after the shorter <see
/// cref="LiveFeedOptions.PollInterval"/> while nobody listens.</para>
/// </remarks>
public sealed class PostgresDoorbell
{
    private readonly PostgresEventStore _store;
    private readonly DoorbellRinger _ringer;
    private readonly DoorbellListener? _listener;
    private int _isRunning;

    /// <summary>A doorbell of a store. It does nothing until it runs.</summary>
    /// <param name="store">The store, whose appends ring.</param>
    /// <param name="dataSource">
    /// Where to ring, and to listen when there is no <see cref="PostgresOptions.DoorbellConnectionString"/>; owned by
    /// the application.
    /// </param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="live">Whom to wake up; null in a process that only appends.</param>
    /// <param name="timeProvider">Measures waits; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    public PostgresDoorbell(
        PostgresEventStore store,
        NpgsqlDataSource dataSource,
        PostgresOptions? options = null,
        LiveFeed? live = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        var time = timeProvider ?? TimeProvider.System;
        var logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<PostgresDoorbell>();
        var database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
        var name = new DoorbellName(options.Schema, time);
        _store = store;
        _ringer = new DoorbellRinger(database, name, live, time, logger);
        _listener = live is null ? null : new DoorbellListener(database, name, live, time, logger);
    }

    /// <summary>
    /// Says that events were committed. Appends of the store do it by themselves; call it after committing a
    /// transaction of your own that events were appended in.
    /// </summary>
    public void Ring() => _ringer.Ring();

    /// <summary>Rings and listens until it is stopped. A lost connection is opened again.</summary>
    /// <param name="cancellationToken">Stops it; the only way that it ends.</param>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    /// <exception cref="InvalidOperationException">It runs already.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 1)
        {
            throw new InvalidOperationException("The doorbell runs already.");
        }

        _store.Appended = Ring;
        try
        {
            await Task.WhenAll(
                _ringer.RunAsync(cancellationToken),
                _listener?.RunAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        }
        finally
        {
            _store.Appended = null;
            Volatile.Write(ref _isRunning, 0);
        }
    }
}
