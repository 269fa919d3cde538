using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// A batch that comes in the place of listed ones that lie side by side and has exactly their events: made of them when
/// small ones become a large one, or made anew in the place of one whose object was damaged.
/// </summary>
/// <param name="Plan">Which events it has: those of all that it replaces.</param>
/// <param name="Stored">Its object, which was read back and decoded.</param>
/// <param name="EventsDigest">The digest of its events.</param>
/// <param name="Months">The digests of its events by month.</param>
/// <param name="Replaced">The keys of the objects in whose place it comes, 1 or more.</param>
public sealed record BatchReplacement(
    BatchPlan Plan,
    BatchObject Stored,
    Sha256Digest EventsDigest,
    IReadOnlyList<MonthDigest> Months,
    IReadOnlyList<string> Replaced);
