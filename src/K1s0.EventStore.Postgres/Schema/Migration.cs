namespace K1s0.EventStore.Postgres;

/// <summary>One step of the schema, forward only.</summary>
/// <param name="Version">The version that the schema has afterwards.</param>
/// <param name="Name">The name of the embedded file.</param>
/// <param name="Sql">The statements, with the schema's name put in.</param>
internal sealed record Migration(int Version, string Name, string Sql);
