namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A row of the events table, read from zero when everything was over.</summary>
internal readonly record struct TableEvent(
    long Position, Guid EventId, StreamId StreamId, long Version, string EventType);
