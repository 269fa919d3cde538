namespace K1s0.EventStore.Postgres;

/// <summary>How a projection is rebuilt. Checked when the rebuild starts.</summary>
public sealed class RebuildOptions
{
    /// <summary>
    /// How many streams are worked on at the same time, each lane on a connection of its own. Counts only for a
    /// projection that is keyed by stream, and only when the rebuild begins: one that goes on keeps its lanes.
    /// </summary>
    /// <value>4 by default; 1 to 64.</value>
    public int Lanes { get; set; } = 4;

    /// <summary>The most events that a lane applies in one transaction.</summary>
    /// <value>5,000 by default; 1 to 10,000.</value>
    public int BatchSize { get; set; } = 5_000;

    /// <summary>
    /// How long to try to swap the tables: to find nobody at work on them for a second, and the projection in use at
    /// or behind the last event that was rebuilt.
    /// </summary>
    /// <value>1 minute by default; 1 second to 1 day.</value>
    public TimeSpan SwapTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether to throw away what an unfinished rebuild has left, instead of going on there: after the projection was
    /// changed.
    /// </summary>
    /// <value>false by default.</value>
    public bool StartOver { get; set; }

    internal static RebuildOptions Checked(RebuildOptions? options)
    {
        options ??= new RebuildOptions();
        Check(options.Lanes, 1, 64, nameof(Lanes), nameof(options));
        Check(options.BatchSize, 1, FeedPage.MaxEvents, nameof(BatchSize), nameof(options));
        Check(
            options.SwapTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), nameof(SwapTimeout), nameof(options));
        return options;
    }

    private static void Check<TValue>(TValue value, TValue least, TValue most, string option, string parameterName)
        where TValue : IComparable<TValue>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentOutOfRangeException(
                parameterName, value, $"{option} must lie between {least} and {most}.");
        }
    }
}
