namespace K1s0.EventStore.Archive;

/// <summary>Whether an object can be read, and if not, how far it is. The default value: it can, at once.</summary>
/// <param name="State">How it stands.</param>
/// <param name="Until">Until when a restored copy can be read; null otherwise.</param>
public readonly record struct Restoration(RestorationState State, DateTimeOffset? Until = null)
{
    /// <summary>Whether reads work now.</summary>
    public bool IsReadable => State is RestorationState.NotNeeded or RestorationState.Restored;
}
