using System.Buffers;
using System.Text;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// The name of the database schema that one store lives in. Checked once here and always quoted, so that any name that
/// is accepted is also safe.
/// </summary>
/// <remarks>1 to 63 bytes of UTF-8, the limit of PostgreSQL, which would cut longer names silently.</remarks>
public sealed record SchemaName
{
    /// <summary>The most bytes of UTF-8: 63.</summary>
    public const int MaxBytes = 63;

    // Characters by which a name could end a quoted identifier, a literal, a function's body or a placeholder.
    private static readonly SearchValues<char> Refused = SearchValues.Create("'\"\\${}");

    /// <summary>A schema name.</summary>
    /// <param name="value">The name, unquoted.</param>
    /// <exception cref="ArgumentException">
    /// The name is empty, too long, has control characters, lone surrogates or one of <c>' " \ $ { }</c>, or begins
    /// with
    /// <c>pg_</c>, which is PostgreSQL's own.
    /// </exception>
    public SchemaName(string value)
    {
        Value = FirstFault(value) is { } fault ? throw new ArgumentException(fault, nameof(value)) : value;
    }

    /// <summary>The name, unquoted.</summary>
    public string Value { get; }

    /// <summary>The name as an identifier of SQL.</summary>
    internal string Quoted => $"\"{Value}\"";

    /// <summary>The name as a string literal of SQL.</summary>
    internal string Literal => $"'{Value}'";

    /// <summary>The quoted name of the events table as a string literal of SQL.</summary>
    internal string EventsLiteral => $"'{Quoted}.events'";

    /// <summary>What is wrong with a name, in words; null when nothing is.</summary>
    /// <param name="value">The name.</param>
    /// <param name="what">What it names.</param>
    internal static string? FirstFault(string? value, string what = "schema name")
    {
        if (string.IsNullOrEmpty(value))
        {
            return $"The {what} is empty.";
        }

        if (value.Any(char.IsControl) || value.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar))
        {
            return $"The {what} has a control character or an invalid one.";
        }

        if (value.AsSpan().ContainsAny(Refused))
        {
            return $$"""The {{what}} has one of the characters ' " \ $ { }.""";
        }

        if (value.StartsWith("pg_", StringComparison.Ordinal))
        {
            return $"A {what} that begins with \"pg_\" is reserved by PostgreSQL.";
        }

        var bytes = Encoding.UTF8.GetByteCount(value);
        return bytes > MaxBytes
            ? $"The {what} has {bytes} bytes, PostgreSQL keeps {MaxBytes}: two long names would become one."
            : null;
    }
}
