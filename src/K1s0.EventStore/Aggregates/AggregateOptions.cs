namespace K1s0.EventStore;

/// <summary>How aggregates of one kind are loaded, cached and retried.</summary>
/// <typeparam name="TState">The state.</typeparam>
public sealed class AggregateOptions<TState>
{
    /// <summary>How often a command is decided when others append in between; then the conflict is thrown.</summary>
    /// <value>5 by default; 1 to 100.</value>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>The most events that one question to the store reads; a longer stream takes several.</summary>
    /// <value>10,000 by default; 2 to 100,000.</value>
    public int EventsPerRead { get; set; } = 10_000;

    /// <summary>How states are kept as bytes, in snapshots and in the cache; null for neither.</summary>
    /// <value>null by default.</value>
    public StateFormat<TState>? Format { get; set; }

    /// <summary>
    /// How many aggregates the process remembers. A remembered state is a starting point only: each load asks the store
    /// for what came after it, and whether the stream still is the same.
    /// </summary>
    /// <value>1,000 by default; 0 (none) to 1,000,000. Works with a format, or states that never change.</value>
    public int CacheCapacity { get; set; } = 1_000;

    /// <summary>
    /// The most bytes of a state that is remembered, as its format writes it. A larger one is loaded as if there were
    /// no cache.
    /// </summary>
    /// <value>64 KiB by default; 1 byte to 64 MiB. Not looked at when states never change.</value>
    public int MaxCachedStateBytes { get; set; } = 64 * 1024;

    /// <summary>When to take a snapshot, behind an append; null for every so many events.</summary>
    /// <value>
    /// null by default: <see cref="EventStoreOptions.SnapshotInterval"/> events, 100 without a container.
    /// </value>
    public SnapshotStrategy? Snapshots { get; set; }

    /// <summary>
    /// The most bytes of a state in a snapshot, before compression. A larger one has none; it is tried again when its
    /// stream is twice as long.
    /// </summary>
    /// <value>4 MiB by default; 1 byte to 256 MiB.</value>
    public int MaxSnapshotBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Whether a state object never changes, all that it refers to included. Then the cache keeps objects and hands out
    /// the same one many times; otherwise it keeps bytes, and each load gets an object of its own.
    /// </summary>
    /// <value>false by default.</value>
    public bool StatesNeverChange { get; set; }

    /// <summary>
    /// What to do with events that are not understood. Tolerant: an <see cref="UnknownEvent"/> is given to the fold
    /// where its event type allows it, and is passed over otherwise; such a state is neither cached nor kept as a
    /// snapshot.
    /// </summary>
    /// <value><see cref="UnknownEvents.Refuse"/> by default.</value>
    public UnknownEvents UnknownEvents { get; set; }

    // The options, after every rule was looked at.
    internal static AggregateOptions<TState> Checked(AggregateOptions<TState>? options)
    {
        options ??= new AggregateOptions<TState>();
        return options.Faults() is [var first, ..] ? throw new ArgumentException(first, nameof(options)) : options;
    }

    internal List<string> Faults()
    {
        var faults = new List<string>();
        Check(MaxAttempts, 1, 100, nameof(MaxAttempts));
        Check(EventsPerRead, 2, 100_000, nameof(EventsPerRead));
        Check(CacheCapacity, 0, 1_000_000, nameof(CacheCapacity));
        Check(MaxCachedStateBytes, 1, 64 * 1024 * 1024, nameof(MaxCachedStateBytes));
        Check(MaxSnapshotBytes, 1, 256 * 1024 * 1024, nameof(MaxSnapshotBytes));
        if (Format is null && Snapshots is not null && Snapshots != SnapshotStrategy.Never)
        {
            faults.Add($"{nameof(Snapshots)}: a snapshot needs a {nameof(Format)}.");
        }

        if (!Enum.IsDefined(UnknownEvents))
        {
            faults.Add($"{nameof(UnknownEvents)}: {(int)UnknownEvents} is not one of its values.");
        }

        return faults;

        void Check(int value, int least, int most, string option)
        {
            if (value < least || value > most)
            {
                faults.Add($"{option}: {value} is not between {least} and {most}.");
            }
        }
    }
}
