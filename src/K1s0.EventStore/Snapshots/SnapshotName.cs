namespace K1s0.EventStore;

/// <summary>The rule for the names that states have in snapshots, which every snapshot store applies.</summary>
public static class SnapshotName
{
    /// <summary>
    /// Refuses a name that is longer than 255 bytes of UTF-8, or has control characters or a lone surrogate. An empty
    /// one is the name of states without one.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="parameterName">The parameter to report.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static void Check(string name, string parameterName)
    {
        ArgumentNullException.ThrowIfNull(name, parameterName);
        if (name.Length > 0)
        {
            ConsumerName.Check(name, parameterName);
        }
    }
}
