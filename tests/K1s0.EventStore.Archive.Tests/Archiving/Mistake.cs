namespace K1s0.EventStore.Archive.Tests;

/// <summary>A mistake that is built into a world, to see that it is found.</summary>
public enum Mistake
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>What was put is believed to be stored: it is read back from memory.</summary>
    NotReadBack = 1,

    /// <summary>A put whose answer was lost is taken for made.</summary>
    LostAnswersIgnored = 2,

    /// <summary>Whoever lost the lease goes on writing.</summary>
    NoFence = 3,

    /// <summary>Objects go before the manifest that takes them away.</summary>
    DeletesBeforeTheManifest = 4,

    /// <summary>A read gives an event with a wrong byte.</summary>
    WrongByteServed = 5,
}
