namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>One way to change what is stored, past all guards. <c>{s}</c> stands for the schema.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Tables">The tables that it touches.</param>
/// <param name="Sql">Makes the statements; null when the drawn events do not lend themselves to it.</param>
internal sealed record Tampering(string Name, string[] Tables, Func<StoredRows, Random, string?> Sql);
