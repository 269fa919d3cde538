using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>A batch in the books of an archive.</summary>
/// <param name="Plan">Which events it has.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Attempt">The number of the last attempt to store it, from 1; 0 before the first.</param>
/// <param name="Stored">Its object; null before it is uploaded.</param>
/// <param name="EventsDigest">The digest of its events; none before it is verified.</param>
public sealed record BatchEntry(
    BatchPlan Plan, ArchiveState State, int Attempt, BatchObject? Stored, Sha256Digest EventsDigest);
