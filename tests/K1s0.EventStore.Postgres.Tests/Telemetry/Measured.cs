namespace K1s0.EventStore.Postgres.Tests.Telemetry;

/// <summary>One value that an instrument was given.</summary>
internal sealed record Measured(
    string Instrument, string? Unit, double Value, IReadOnlyDictionary<string, object?> Tags);
