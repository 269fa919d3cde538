namespace K1s0.EventStore.Archive;

/// <summary>How it stands with a restore ticket.</summary>
public enum RestoreTicketState
{
    /// <summary>Some batches are being restored.</summary>
    UnderWay = 0,

    /// <summary>All batches can be read.</summary>
    Ready = 1,

    /// <summary>
    /// Some batches have to be asked for: the ticket was cut off in the middle, or its copies have run out.
    /// </summary>
    RequestNeeded = 2,
}
