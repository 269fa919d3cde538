namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>The system's clock, some time ahead.</summary>
internal sealed class LaterTime(TimeSpan ahead) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
}
