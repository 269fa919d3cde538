namespace K1s0.EventStore.Sync;

/// <summary>Whether a replica still holds the whole of its own log, so that its next dot is a new one.</summary>
public enum TailStatus
{
    /// <summary>Nothing contradicts it: the log was begun here, or somebody holds the same end.</summary>
    Sound,

    /// <summary>
    /// The log was read from storage, and nobody has confirmed its end yet. It may be a clone or a restored copy.
    /// </summary>
    Unwitnessed,

    /// <summary>Somebody holds more of the log than the replica itself.</summary>
    Lost,

    /// <summary>Somebody holds another event in the place of one of ours: there are two writers of one log.</summary>
    Forked,
}
