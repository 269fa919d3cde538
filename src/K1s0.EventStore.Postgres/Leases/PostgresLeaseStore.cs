using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Leases on PostgreSQL, by the server's clock. Each call is one statement without session state, so it works through a
/// pooler in transaction mode. Thread-safe.
/// </summary>
/// <remarks>
/// A lease counts when its commit was confirmed: one that a failover to a synchronous standby can take back, and give
/// to somebody else with the same epoch, ends in <see cref="WriteOutcomeUnknownException"/>.
/// </remarks>
public sealed class PostgresLeaseStore : ILeaseStore
{
    private readonly PostgresDatabase _database;

    /// <summary>A lease store in a database whose schema exists (see <see cref="PostgresSchema"/>).</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    public PostgresLeaseStore(NpgsqlDataSource dataSource, PostgresOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
    }

    /// <inheritdoc/>
    public async Task<Lease?> TryAcquireAsync(
        string name, string owner, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(name, nameof(name));
        ConsumerName.Check(owner, nameof(owner));
        Lease.CheckDuration(duration, nameof(duration));
        var rows = await _database.WriteAsync(
            "acquire_lease",
            parameters =>
            {
                Add(parameters, name);
                Add(parameters, owner);
                Add(parameters, duration);
            },
            reader => new Lease(name, owner, reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1)),
            cancellationToken).ConfigureAwait(false);
        return rows is [var lease] ? lease : null;
    }

    /// <inheritdoc/>
    public async Task<Lease> RenewAsync(
        Lease lease, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        Lease.CheckDuration(duration, nameof(duration));
        var rows = await _database.WriteAsync(
            "renew_lease",
            parameters =>
            {
                Add(parameters, lease);
                Add(parameters, duration);
            },
            reader => lease with { ExpiresAt = reader.GetFieldValue<DateTimeOffset>(0) },
            cancellationToken).ConfigureAwait(false);
        return rows is [var renewed] ? renewed : throw new LeaseLostException(lease.Name, lease.Epoch);
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return _database.QueryAsync(
            "release_lease", parameters => Add(parameters, lease), static _ => 0, cancellationToken);
    }

    /// <summary>
    /// Makes the caller's transaction count only under the lease: from this call until the transaction ends nobody else
    /// can acquire it. Call it last, right before the commit.
    /// </summary>
    /// <remarks>
    /// Meanwhile the lease cannot be renewed, and the server ends a session that leaves the transaction idle for the
    /// rest of the lease: a holder that falls asleep in between loses its writes, and nobody waits for it any longer.
    /// </remarks>
    /// <param name="lease">The lease.</param>
    /// <param name="transaction">The caller's transaction.</param>
    /// <param name="cancellationToken">Gives up; the transaction is then aborted.</param>
    /// <exception cref="LeaseLostException">
    /// The lease has run out, was released, or has another holder: roll the transaction back.
    /// </exception>
    public async Task GuardAsync(
        Lease lease, NpgsqlTransaction transaction, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(transaction);
        var rows = await _database.QueryAsync(
            "guard_lease",
            parameters => Add(parameters, lease),
            static reader => reader.GetBoolean(0),
            cancellationToken,
            transaction).ConfigureAwait(false);
        if (!rows[0])
        {
            throw new LeaseLostException(lease.Name, lease.Epoch);
        }
    }

    private static void Add(NpgsqlParameterCollection parameters, Lease lease)
    {
        Add(parameters, lease.Name);
        parameters.Add(new NpgsqlParameter<long> { TypedValue = lease.Epoch });
    }

    private static void Add(NpgsqlParameterCollection parameters, string text) =>
        parameters.Add(new NpgsqlParameter<string> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });

    private static void Add(NpgsqlParameterCollection parameters, TimeSpan duration) =>
        parameters.Add(
            new NpgsqlParameter<TimeSpan> { TypedValue = duration, NpgsqlDbType = NpgsqlDbType.Interval });
}
