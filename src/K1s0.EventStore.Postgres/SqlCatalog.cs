using System.Collections.Frozen;
using System.Reflection;

namespace K1s0.EventStore.Postgres;

/// <summary>The embedded SQL with the schema's quoted name put in: the only place where text becomes SQL.</summary>
internal sealed class SqlCatalog
{
    private const string StatementFolder = "Sql/";
    private const string MigrationFolder = "Schema/";

    private static readonly FrozenDictionary<string, string> Embedded = ReadEmbedded();

    private readonly FrozenDictionary<string, string> _statements;

    public SqlCatalog(SchemaName schema)
    {
        Schema = schema;
        _statements = Embedded.Where(file => file.Key.StartsWith(StatementFolder, StringComparison.Ordinal))
            .ToFrozenDictionary(file => file.Key[StatementFolder.Length..], file => Named(file.Value),
                StringComparer.Ordinal);
        Migrations =
        [
            .. Embedded.Where(file => file.Key.StartsWith(MigrationFolder, StringComparison.Ordinal))
                .OrderBy(file => file.Key, StringComparer.Ordinal)
                .Select((file, index) => new Migration(index + 1, file.Key[MigrationFolder.Length..],
                    Named(file.Value))),
        ];
    }

    public SchemaName Schema { get; }

    /// <summary>The migrations in order; their versions are 1, 2, 3 …</summary>
    public IReadOnlyList<Migration> Migrations { get; }

    /// <summary>The statement of the embedded file <c>Sql/name.sql</c>.</summary>
    public string this[string name] => _statements[name];

    private static FrozenDictionary<string, string> ReadEmbedded()
    {
        var assembly = typeof(SqlCatalog).Assembly;
        return assembly.GetManifestResourceNames().ToFrozenDictionary(name => name, name => Read(assembly, name),
            StringComparer.Ordinal);
    }

    private static string Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private string Named(string sql) => sql
        .Replace("{schema}", Schema.Quoted, StringComparison.Ordinal)
        .Replace("{schema_literal}", Schema.Literal, StringComparison.Ordinal)
        .Replace("{events_literal}", Schema.EventsLiteral, StringComparison.Ordinal);
}
