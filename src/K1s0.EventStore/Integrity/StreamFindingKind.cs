namespace K1s0.EventStore.Integrity;

/// <summary>Ways in which a stream can differ from what was appended.</summary>
public enum StreamFindingKind
{
    /// <summary>Payload, metadata, type, time, id or schema version is not what its content digest covers.</summary>
    ContentChanged,

    /// <summary>The content matches its digest, but the link does not follow from the one before.</summary>
    LinkBroken,

    /// <summary>An event, or several, is missing before the one that was found.</summary>
    MissingEvent,

    /// <summary>A version stands twice, or the order is wrong.</summary>
    RepeatedVersion,

    /// <summary>The event belongs to another stream.</summary>
    ForeignEvent,

    /// <summary>The event names another predecessor than the event before it.</summary>
    WrongPreviousEvent,

    /// <summary>The stream is shorter than the remembered head.</summary>
    TailMissing,

    /// <summary>
    /// The chain is consistent in itself, but is another one than a remembered head, the store's own head, or the log
    /// belongs to, or stands at positions where it cannot have been appended.
    /// </summary>
    HistoryReplaced,

    /// <summary>An event, or the store's own head, cannot be read: what is stored is none.</summary>
    Unreadable,
}
