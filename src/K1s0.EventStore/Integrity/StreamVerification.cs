namespace K1s0.EventStore.Integrity;

/// <summary>What the verification of one stream found.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="VerifiedEvents">How many events, from the first, are proved to be as they were appended.</param>
/// <param name="Head">The head of the proved part, computed and not read: keep it to notice a cut tail later.</param>
/// <param name="Finding">The first thing that is wrong; null when nothing is.</param>
public sealed record StreamVerification(StreamId StreamId, long VerifiedEvents, StreamHead Head, StreamFinding? Finding)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsValid => Finding is null;
}
