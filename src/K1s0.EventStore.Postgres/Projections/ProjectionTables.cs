namespace K1s0.EventStore.Postgres;

/// <summary>
/// The tables of a projection in one schema: the only place where their names become SQL. Immutable.
/// </summary>
internal sealed class ProjectionTables
{
    private readonly Dictionary<string, string> _quoted;

    private ProjectionTables(SchemaName schema, IReadOnlyList<string> names)
    {
        Schema = schema;
        Names = names;
        _quoted = names.ToDictionary(
            name => name, name => $"{schema.Quoted}.\"{name}\"", StringComparer.Ordinal);
    }

    public SchemaName Schema { get; }

    public IReadOnlyList<string> Names { get; }

    /// <summary>The tables that are in use.</summary>
    /// <exception cref="ArgumentException">A name is refused.</exception>
    public static ProjectionTables Of(IProjection projection)
    {
        ArgumentNullException.ThrowIfNull(projection);
        var names = projection.Tables;
        if (names is not { Count: > 0 })
        {
            throw new ArgumentException("A projection has at least one table.", nameof(projection));
        }

        if (names.Select(name => SchemaName.FirstFault(name, "table name")).FirstOrDefault(fault => fault is not null)
            is { } refused)
        {
            throw new ArgumentException(refused, nameof(projection));
        }

        return names.Distinct(StringComparer.Ordinal).Count() == names.Count
            ? new ProjectionTables(new SchemaName(projection.Schema), [.. names])
            : throw new ArgumentException("A projection has a table twice.", nameof(projection));
    }

    /// <summary>The same tables in another schema.</summary>
    public ProjectionTables In(SchemaName schema) => new(schema, Names);

    /// <summary>The quoted name of a table with its schema.</summary>
    /// <exception cref="ArgumentException">There is no such table.</exception>
    public string Quoted(string name) =>
        _quoted.TryGetValue(name, out var quoted)
            ? quoted
            : throw new ArgumentException($"The projection has no table {name}.", nameof(name));

    /// <summary>A statement with the quoted name of a table put in.</summary>
    public string Named(string sql, string name) => sql.Replace("{table}", Quoted(name), StringComparison.Ordinal);
}
