namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>A row of the events table, with the key that the table alone knows.</summary>
internal sealed record StoredRow(EventEnvelope Event, long StreamKey)
{
    public long Position => Event.Position.Value;
}
