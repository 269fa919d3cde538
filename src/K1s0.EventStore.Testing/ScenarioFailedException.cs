namespace K1s0.EventStore.Testing;

/// <summary>
/// What happened is not what the scenario says. Every test framework shows it as a failed test, with what was expected
/// and what was there.
/// </summary>
public sealed class ScenarioFailedException : Exception
{
    /// <summary>A scenario that failed.</summary>
    /// <param name="message">What was expected, and what was there.</param>
    /// <param name="innerException">What the command threw, where it should not have.</param>
    public ScenarioFailedException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
