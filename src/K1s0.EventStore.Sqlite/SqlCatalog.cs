using System.Collections.Frozen;
using System.Reflection;

namespace K1s0.EventStore.Sqlite;

/// <summary>The embedded SQL, as it stands: nothing is ever put into it.</summary>
internal static class SqlCatalog
{
    private const string StatementFolder = "Sql/";
    private const string MigrationFolder = "Schema/";

    private static readonly FrozenDictionary<string, string> Embedded = ReadEmbedded();

    /// <summary>The migrations in order; the first one makes version 1.</summary>
    public static IReadOnlyList<string> Migrations { get; } =
    [
        .. Embedded.Where(file => file.Key.StartsWith(MigrationFolder, StringComparison.Ordinal))
            .OrderBy(file => file.Key, StringComparer.Ordinal)
            .Select(file => file.Value),
    ];

    /// <summary>The statement of the embedded file <c>Sql/name.sql</c>.</summary>
    public static string Statement(string name) => Embedded[StatementFolder + name];

    private static FrozenDictionary<string, string> ReadEmbedded()
    {
        var assembly = typeof(SqlCatalog).Assembly;
        return assembly.GetManifestResourceNames().ToFrozenDictionary(
            name => name, name => Read(assembly, name), StringComparer.Ordinal);
    }

    private static string Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
