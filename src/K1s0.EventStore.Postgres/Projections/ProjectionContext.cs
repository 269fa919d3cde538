using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>Where a projection writes. Not thread-safe.</summary>
public sealed class ProjectionContext
{
    private readonly ProjectionTables _tables;

    /// <summary>The projection's own tables in a transaction, for tests of its SQL.</summary>
    /// <param name="projection">The projection.</param>
    /// <param name="transaction">The transaction, which the caller commits.</param>
    /// <exception cref="ArgumentException">A name of the projection is refused.</exception>
    public ProjectionContext(IProjection projection, NpgsqlTransaction transaction)
        : this(ProjectionTables.Of(projection), transaction, isRebuilding: false)
    {
    }

    internal ProjectionContext(ProjectionTables tables, NpgsqlTransaction transaction, bool isRebuilding)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        (_tables, Transaction, IsRebuilding) = (tables, transaction, isRebuilding);
    }

    /// <summary>The transaction to write in; the projection neither commits it nor rolls it back.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>The connection of the transaction.</summary>
    public NpgsqlConnection Connection => Transaction.Connection!;

    /// <summary>
    /// Whether the events are handled once more, to make the tables anew: whatever the projection does beside its tables
    /// (mails, messages) must not be done again.
    /// </summary>
    public bool IsRebuilding { get; }

    /// <summary>The table to write to, quoted and with its schema: as it stands in SQL.</summary>
    /// <param name="name">One of <see cref="IProjection.Tables"/>.</param>
    /// <exception cref="ArgumentException">The projection has no such table.</exception>
    public string Table(string name) => _tables.Quoted(name);

    /// <summary>A command in the transaction.</summary>
    /// <param name="sql">Its text.</param>
    public NpgsqlCommand CreateCommand(string sql) => new(sql, Connection, Transaction);
}
