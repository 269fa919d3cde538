using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Takes over the events of another store into an empty schema on PostgreSQL, with their positions. Needs the rights of
/// the schema's owner; nobody appends or reads meanwhile. Thread-safe.
/// </summary>
/// <remarks>
/// Each page is one transaction, with how far the import has come, so that one that was cut off goes on where it
/// stopped. The end of the feed stays where it was until <see cref="EndImportAsync"/>.
/// </remarks>
public sealed class PostgresEventImporter : IEventImporter
{
    private const string Refused = "ES411";

    private readonly PostgresDatabase _database;

    /// <summary>An importer into a database whose schema exists (see <see cref="PostgresSchema"/>).</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    public PostgresEventImporter(NpgsqlDataSource dataSource, PostgresOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
    }

    /// <inheritdoc/>
    public Task<Position> BeginImportAsync(
        StoreIdentity source, Position last, CancellationToken cancellationToken = default) =>
        WriteAsync(
            "begin_import",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = source.StoreId });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = source.Epoch });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = last.Value });
            },
            static reader => new Position(reader.GetInt64(0)),
            cancellationToken);

    /// <inheritdoc/>
    public Task ImportAsync(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentOutOfRangeException.ThrowIfLessThan(events.Count, 1, nameof(events));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(events.Count, IEventImporter.MaxEvents, nameof(events));
        return WriteAsync(
            "import_events",
            parameters => new ImportPage(events).AddTo(parameters),
            static reader => reader.GetInt64(0),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoreIdentity> EndImportAsync(CancellationToken cancellationToken = default) => WriteAsync(
        "end_import",
        static _ => { },
        static reader => new StoreIdentity(reader.GetGuid(0), reader.GetInt64(1)),
        cancellationToken);

    private async Task<TRow> WriteAsync<TRow>(
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        CancellationToken cancellationToken)
    {
        try
        {
            var rows = await _database.WriteAsync(statement, addParameters, readRow, cancellationToken)
                .ConfigureAwait(false);
            return rows[0];
        }
        catch (StoreOperationException e) when (e.InnerException is PostgresException
        {
            SqlState: Refused or PostgresErrorCodes.UniqueViolation,
        } refused)
        {
            throw new ImportRefusedException(
                refused.SqlState is Refused
                    ? refused.MessageText
                    : $"an event id, or a place in a stream, comes twice ({refused.ConstraintName}).",
                e);
        }
    }
}
