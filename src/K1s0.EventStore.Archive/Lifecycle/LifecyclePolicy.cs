namespace K1s0.EventStore.Archive;

/// <summary>Where batches lie at which age, and when small ones are made into larger ones. Immutable.</summary>
public sealed record LifecyclePolicy
{
    private const int DaysOfWarm = 7;
    private const int DaysOfCold = 30;
    private const int DaysOfDeep = 365;

    /// <summary>No policy, of whatever process, removes a younger object.</summary>
    internal static readonly TimeSpan LeastRemoveAfter = TimeSpan.FromHours(1);

    /// <summary>A policy.</summary>
    /// <param name="steps">The steps behind the hot one, in order of age, each colder than the one before it.</param>
    /// <exception cref="ArgumentException">They are not in order.</exception>
    public LifecyclePolicy(params IReadOnlyList<LifecycleStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        Steps = [new LifecycleStep(ArchiveTier.Hot, TimeSpan.Zero, StorageClass.Standard), .. steps];
        for (var number = 1; number < Steps.Count; number++)
        {
            var (before, step) = (Steps[number - 1], Steps[number]);
            if (step.FromAge <= before.FromAge || step.Tier < before.Tier || step.StorageClass <= before.StorageClass)
            {
                throw new ArgumentException($"{step} does not come behind {before}.", nameof(steps));
            }
        }
    }

    /// <summary>
    /// Hot for 7 days (standard), then warm (infrequent access), cold from 30 days on (instant archive), and from 365
    /// days on in the deep archive.
    /// </summary>
    public static LifecyclePolicy Default { get; } = new(
        new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromDays(DaysOfWarm), StorageClass.InfrequentAccess),
        new LifecycleStep(ArchiveTier.Cold, TimeSpan.FromDays(DaysOfCold), StorageClass.InstantArchive),
        new LifecycleStep(ArchiveTier.Cold, TimeSpan.FromDays(DaysOfDeep), StorageClass.DeepArchive));

    /// <summary>The steps, the hot one first.</summary>
    public IReadOnlyList<LifecycleStep> Steps { get; }

    /// <summary>
    /// Batches of fewer bytes are made into larger ones before they leave the hot tier; 0: none are.
    /// </summary>
    /// <value>16 MiB by default; 0, or 64 KiB to 64 MiB.</value>
    public long CompactBelowBytes
    {
        get;
        init => field = value is 0 or (>= 64 * 1024 and <= 64 * 1024 * 1024)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "0, or 64 KiB to 64 MiB.");
    } = 16 * 1024 * 1024;

    /// <summary>How long the objects stay that no manifest lists any more: whoever reads by an older one is done
    /// by then.</summary>
    /// <value>1 day by default; an hour or more.</value>
    public TimeSpan RemoveAfter
    {
        get;
        init => field = value >= LeastRemoveAfter
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "An hour or more.");
    } = TimeSpan.FromDays(1);

    /// <summary>How far ahead a move into the last class has to pay back.</summary>
    /// <value>7 years by default.</value>
    public TimeSpan Horizon { get; init; } = TimeSpan.FromDays(7 * 365);

    /// <summary>The step that a batch is on at an age.</summary>
    /// <param name="age">The age of its last event.</param>
    public LifecycleStep At(TimeSpan age) => Steps.Last(step => step.FromAge <= age || step.Tier is ArchiveTier.Hot);

    /// <summary>Where an object lies in the course of some days, for the cost model.</summary>
    /// <param name="days">How many days, more than 0.</param>
    public IReadOnlyList<LifeStage> StagesOf(decimal days)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(days);
        return
        [
            .. Steps.Index().Where(step => (decimal)step.Item.FromAge.TotalDays < days).Select(step => new LifeStage(
                step.Item.StorageClass,
                Math.Min(days, EndOf(step.Index, days)) - (decimal)step.Item.FromAge.TotalDays)),
        ];
    }

    /// <summary>For how many days a batch stays on the step that it is on at an age.</summary>
    internal decimal DaysAhead(TimeSpan age)
    {
        var next = Steps.FirstOrDefault(step => step.FromAge > age);
        return (decimal)Math.Max(1, ((next?.FromAge ?? Horizon) - age).TotalDays);
    }

    private decimal EndOf(int step, decimal otherwise) =>
        step + 1 < Steps.Count ? (decimal)Steps[step + 1].FromAge.TotalDays : otherwise;
}
