namespace K1s0.EventStore.Archive;

/// <summary>
/// What becomes of listed batches whose events the database does not have, because it was brought back to an earlier
/// time and went on from there.
/// </summary>
public enum LostTimeline
{
    /// <summary>Nothing: adopting ends in front of them with an exception.</summary>
    Refuse = 0,

    /// <summary>
    /// A new manifest lists them no more. Their objects stay in the bucket, and so do the manifests that named them.
    /// The same with what is listed, but damaged or gone, where the database has the events: they are stored anew. What
    /// left the database and is nowhere any more stays listed, and is counted
    /// (<see cref="ArchiveAdoptionReport.Missing"/>): nothing else waits for it.
    /// Not with what only has to be restored, and nothing while the feed of the database is not settled.
    /// </summary>
    Remove = 1,
}
