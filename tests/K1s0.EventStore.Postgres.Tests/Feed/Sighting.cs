namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>What a reader kept of an event that it saw.</summary>
/// <param name="Position">Its position, as the reader saw it.</param>
/// <param name="EventId">Its id.</param>
/// <param name="SeenAt">A time stamp of <see cref="System.Diagnostics.Stopwatch"/>.</param>
internal readonly record struct Sighting(long Position, Guid EventId, long SeenAt);
