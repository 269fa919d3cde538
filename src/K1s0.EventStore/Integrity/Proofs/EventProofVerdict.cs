namespace K1s0.EventStore.Integrity;

/// <summary>What the verification of an event against its proof found.</summary>
public enum EventProofVerdict
{
    /// <summary>The log holds this event, unchanged, in its place.</summary>
    Valid,

    /// <summary>The event is not the one of the proof: stream, version, id, time or content differ.</summary>
    EventDiffers,

    /// <summary>The chain hash does not follow from the event and the link before it.</summary>
    LinkBroken,

    /// <summary>No key that is trusted signed the tree head, or a signature of such a key is wrong.</summary>
    HeadNotSigned,

    /// <summary>What was signed is no tree head, or that of another log.</summary>
    ForeignHead,

    /// <summary>The path does not lead from the event to the root that was signed.</summary>
    NotInTree,
}
