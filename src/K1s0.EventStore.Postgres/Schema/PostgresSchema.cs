using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Makes and migrates the tables of a store. Migrations are numbered and only move forward; no event is ever dropped.
/// Safe when any number of processes start at once. Thread-safe.
/// </summary>
/// <remarks>
/// All migrations that are missing, and the version number, commit together: a crash, or one that fails, leaves the
/// schema as it was. One that changes a table in use waits at most 5 seconds for those who use it, and fails then.
/// </remarks>
public sealed class PostgresSchema
{
    private readonly PostgresDatabase _database;

    /// <summary>The schema of a store.</summary>
    /// <param name="dataSource">
    /// Where to connect; owned by the application. Migrating needs the right to create.
    /// </param>
    /// <param name="options">Which schema; the defaults when null.</param>
    public PostgresSchema(NpgsqlDataSource dataSource, PostgresOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
    }

    /// <summary>The version of the schema that this library works with.</summary>
    public static int SupportedVersion { get; } = new SqlCatalog(new SchemaName("any")).Migrations.Count;

    /// <summary>The SQL of all migrations, for people who run it themselves.</summary>
    public string GetSql() => string.Join(
        '\n',
        _database.Sql.Migrations.Select(
            migration => $"-- {migration.Name}\n{migration.Sql}\nupdate {_database.Sql.Schema.Quoted}.store set "
                + $"schema_version = {migration.Version};\n")
            .Prepend($"{_database.Sql["create_schema"]};\n"));

    /// <summary>
    /// Makes the schema, or brings it to <see cref="SupportedVersion"/>, and makes the partitions ahead.
    /// </summary>
    /// <param name="cancellationToken">Gives up; the schema stays as it was.</param>
    /// <exception cref="StoreSchemaException">The schema is newer than this library.</exception>
    /// <exception cref="StoreUnavailableException">
    /// The database cannot be reached, or somebody uses a table that must be changed; nothing was. Try again.
    /// </exception>
    public async Task MigrateAsync(CancellationToken cancellationToken = default)
    {
        var connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    await MigrateAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
                    await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new StoreOperationException(
                    "PostgreSQL denies the right to make or migrate the schema: migrate as the schema's owner, or as "
                        + "a role "
                    + "that may create schemas in the database, and set PostgresOptions.MigrateOnStart to false for "
                    + "the "
                    + "application.",
                    e);
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e))
            {
                throw DriverErrors.Translate(e, "migrate");
            }
        }

        await EnsurePartitionsAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Checks that the schema is there and of the version that this library works with.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreSchemaException">The schema is missing, older or newer.</exception>
    /// <exception cref="StoreUnavailableException">The database cannot be reached.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken = default)
    {
        var found = await ReadVersionAsync(null, cancellationToken).ConfigureAwait(false);
        if (found != SupportedVersion)
        {
            throw Misfit(found);
        }
    }

    /// <summary>Makes the partitions of this month and of the months ahead, as far as they are missing.</summary>
    /// <param name="cancellationToken">Gives up; what is made stays.</param>
    /// <returns>The first moment that has no partition.</returns>
    public async Task<DateTimeOffset> EnsurePartitionsAsync(CancellationToken cancellationToken = default)
    {
        var rows = await _database.QueryAsync(
            "ensure_partitions",
            parameters => parameters.Add(new NpgsqlParameter<int> { TypedValue = _database.Options.MonthsAhead }),
            static reader => new DateTimeOffset(reader.GetDateTime(0), TimeSpan.Zero),
            cancellationToken,
            prepare: false).ConfigureAwait(false);
        return rows[0];
    }

    /// <summary>The version of the schema in the database; 0 when there is none.</summary>
    internal async Task<int> ReadVersionAsync(NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var (_, hasStore) = await FindAsync(transaction, cancellationToken).ConfigureAwait(false);
        return hasStore
            ? (await _database.QueryAsync(
                "get_schema_version", static _ => { }, static reader => reader.GetInt32(0), cancellationToken,
                    transaction, prepare: false)
                .ConfigureAwait(false))[0]
            : 0;
    }

    private static StoreSchemaException Misfit(int found)
    {
        var advice = found switch
        {
            0 => "There is no event store in this schema: run PostgresSchema.MigrateAsync, or let the application "
                + "migrate at its start",
            _ when found > SupportedVersion => "The schema is newer than this library: use the version that migrated "
                + "it, or a later one",
            _ => "The schema is older than this library: run PostgresSchema.MigrateAsync, or let the application "
                + "migrate at its start",
        };
        return new StoreSchemaException($"{advice} (found {found}, supported {SupportedVersion}).", found,
            SupportedVersion);
    }

    private async Task MigrateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await _database.QueryAsync(
            "lock_schema", AddSchemaName, static _ => 0, cancellationToken, transaction, prepare: false)
                .ConfigureAwait(false);
        var (hasSchema, _) = await FindAsync(transaction, cancellationToken).ConfigureAwait(false);
        if (!hasSchema)
        {
            await RunAsync(connection, transaction, _database.Sql["create_schema"], cancellationToken)
                .ConfigureAwait(false);
        }

        var found = await ReadVersionAsync(transaction, cancellationToken).ConfigureAwait(false);
        if (found > SupportedVersion)
        {
            throw Misfit(found);
        }

        if (found == SupportedVersion)
        {
            // Nothing is written, so that a role that may only append and read can start too.
            return;
        }

        foreach (var migration in _database.Sql.Migrations.Where(migration => migration.Version > found))
        {
            await RunAsync(connection, transaction, migration.Sql, cancellationToken).ConfigureAwait(false);
        }

        await _database.QueryAsync(
            "set_schema_version",
            parameters => parameters.Add(new NpgsqlParameter<int> { TypedValue = SupportedVersion }),
            static _ => 0,
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false);
    }

    private async Task<(bool HasSchema, bool HasStore)> FindAsync(NpgsqlTransaction? transaction,
        CancellationToken cancellationToken) =>
        (await _database.QueryAsync(
            "find_schema",
            AddSchemaName,
            static reader => (reader.GetBoolean(0), reader.GetBoolean(1)),
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false))[0];

    private void AddSchemaName(NpgsqlParameterCollection parameters) =>
        parameters.Add(new NpgsqlParameter<string> { TypedValue = _database.Sql.Schema.Value });

    // Migrations hold several statements and no parameters, so they go out as they are.
    private async Task RunAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string script, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(script, connection, transaction)
        {
            CommandTimeout = (int)_database.Options.CommandTimeout.TotalSeconds,
        };
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
