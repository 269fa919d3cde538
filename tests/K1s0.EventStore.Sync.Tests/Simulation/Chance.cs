namespace K1s0.EventStore.Sync.Simulation;

/// <summary>All chance of one run, one stream for each concern, so that more of one does not change the others.</summary>
internal sealed class Chance(ulong seed)
{
    public Random Scenario { get; } = Stream(seed, 1);

    public Random Work { get; } = Stream(seed, 2);

    public Random Network { get; } = Stream(seed, 3);

    public Random Disk { get; } = Stream(seed, 4);

    public Random Ids { get; } = Stream(seed, 5);

    public Random Rot { get; } = Stream(seed, 6);

    public Random Gossip { get; } = Stream(seed, 7);

    public Random Snapshots { get; } = Stream(seed, 8);

    public Random Link { get; } = Stream(seed, 9);

    public Guid NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Ids.NextBytes(bytes);
        return new Guid(bytes);
    }

    // SplitMix64: seeds that follow each other give streams that do not.
    private static Random Stream(ulong seed, ulong concern)
    {
        var mixed = (seed * 0x9E3779B97F4A7C15) + (concern * 0xD1B54A32D192ED03);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return new Random((int)(mixed ^ (mixed >> 31)));
    }
}
