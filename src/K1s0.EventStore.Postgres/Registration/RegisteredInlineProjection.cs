namespace K1s0.EventStore.Postgres;

/// <summary>What the container holds for a projection inside the appends, under the key of its store.</summary>
internal sealed record RegisteredInlineProjection(IProjection Projection);
