namespace K1s0.EventStore.Archive;

/// <summary>How it stands with an object that may have to be restored.</summary>
public enum RestorationState
{
    /// <summary>Its storage class is read at once.</summary>
    NotNeeded = 0,

    /// <summary>It has to be restored, and nobody has asked.</summary>
    Required = 1,

    /// <summary>It was asked for and is not there yet.</summary>
    UnderWay = 2,

    /// <summary>A copy can be read for a time; the storage class is still the cold one.</summary>
    Restored = 3,
}
