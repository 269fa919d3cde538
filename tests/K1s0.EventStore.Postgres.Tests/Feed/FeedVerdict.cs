namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>What is wrong with what a reader saw, measured against the table at the end.</summary>
/// <param name="Missed">Positions of the table that it never saw.</param>
/// <param name="Repeated">Sightings of an event that it had seen before.</param>
/// <param name="Disordered">Sightings at or before the position of the one before.</param>
/// <param name="Invented">Sightings of an event that the table does not have, or has elsewhere.</param>
internal sealed record FeedVerdict(IReadOnlyList<long> Missed, int Repeated, int Disordered, int Invented)
{
    public bool IsRight => Missed.Count == 0 && Repeated == 0 && Disordered == 0 && Invented == 0;

    public static FeedVerdict Judge(IReadOnlyList<Sighting> seen, IReadOnlyList<TableEvent> table)
    {
        var stored = table.ToDictionary(e => e.EventId, e => e.Position);
        var found = new HashSet<Guid>();
        var (repeated, disordered, invented) = (0, 0, 0);
        for (var i = 0; i < seen.Count; i++)
        {
            repeated += found.Add(seen[i].EventId) ? 0 : 1;
            disordered += i > 0 && seen[i].Position <= seen[i - 1].Position ? 1 : 0;
            invented += stored.TryGetValue(seen[i].EventId, out var position) && position == seen[i].Position ? 0 : 1;
        }

        return new FeedVerdict(
            [.. table.Where(e => !found.Contains(e.EventId)).Select(e => e.Position)], repeated, disordered, invented);
    }

    public override string ToString() =>
        $"missed {Missed.Count}, repeated {Repeated}, disordered {Disordered}, invented {Invented}";
}
