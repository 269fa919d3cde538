namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// Which of the mistakes that were planted into these sources a thread makes. A run stays on its thread: nothing in it
/// waits for another.
/// </summary>
public static class Planted
{
    [ThreadStatic]
    private static int _number;

    /// <summary>Whether this thread makes the mistake with this number.</summary>
    /// <param name="number">From 1 on.</param>
    public static bool Is(int number) => _number == number;

    /// <summary>Runs seeds with a mistake until one fails.</summary>
    /// <param name="number">The mistake; 0 for none.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    public static string? FindFailure(int number, ulong first, int count)
    {
        _number = number;
        try
        {
            return Simulator.FindFailure(first, count);
        }
        finally
        {
            _number = 0;
        }
    }
}
