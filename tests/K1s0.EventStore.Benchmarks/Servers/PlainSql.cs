namespace K1s0.EventStore.Benchmarks.Servers;

/// <summary>The statements of the hand-written side, from the embedded files.</summary>
internal static class PlainSql
{
    /// <summary>The statement in <c>Sql/name.sql</c>.</summary>
    public static string Get(string name)
    {
        using var stream = typeof(PlainSql).Assembly.GetManifestResourceStream($"Sql/{name}")
            ?? throw new ArgumentException($"There is no statement {name}.", nameof(name));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
