namespace K1s0.EventStore.Archive;

/// <summary>
/// Computes what archives cost by a price table: storage with overheads and least sizes, requests, days that are
/// charged at least, and retrieval. A gigabyte is 2^30 bytes, a month a twelfth of 365 days. Thread-safe.
/// </summary>
/// <param name="prices">The prices; <see cref="PriceTable.Default"/> when null.</param>
public sealed class CostModel(PriceTable? prices = null)
{
    /// <summary>The days of a month: 365 / 12.</summary>
    public const decimal DaysPerMonth = 365m / 12;

    private const decimal BytesPerGb = 1L << 30;
    private const decimal Thousand = 1_000;
    private const decimal DaysPerYear = 365;

    /// <summary>The prices.</summary>
    public PriceTable Prices { get; } = prices ?? PriceTable.Default;

    /// <summary>What an object costs for lying in a class for a month.</summary>
    /// <param name="storageClass">Where.</param>
    /// <param name="objectBytes">Its length, 0 or more.</param>
    public decimal StoragePerMonth(StorageClass storageClass, long objectBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(objectBytes);
        var price = Prices[storageClass];
        var charged = Math.Max(objectBytes, price.MinimumObjectBytes) + price.OverheadBytes;
        return ((charged * price.StoragePerGbMonth)
            + (price.OverheadBytesInStandard * Prices[StorageClass.Standard].StoragePerGbMonth)) / BytesPerGb;
    }

    /// <summary>What is charged for the days that an object did not lie in a class long enough.</summary>
    /// <param name="storageClass">Where it lay.</param>
    /// <param name="objectBytes">Its length, 0 or more.</param>
    /// <param name="days">How long it lay there.</param>
    public decimal EarlyRemoval(StorageClass storageClass, long objectBytes, decimal days) =>
        Math.Max(0, Prices[storageClass].MinimumDays - days) / DaysPerMonth
        * StoragePerMonth(storageClass, objectBytes);

    /// <summary>What a put into a class costs.</summary>
    /// <param name="storageClass">Where to.</param>
    public decimal Put(StorageClass storageClass) => Prices[storageClass].PutPer1000 / Thousand;

    /// <summary>What a move into a class costs.</summary>
    /// <param name="storageClass">Where to.</param>
    public decimal Move(StorageClass storageClass) => Prices[storageClass].MoveHerePer1000 / Thousand;

    /// <summary>What it costs to read an object, with its restore where it needs one.</summary>
    /// <param name="storageClass">Where it lies.</param>
    /// <param name="objectBytes">How much is read.</param>
    /// <param name="priority">How urgent the restore is; of no account where none is needed.</param>
    /// <exception cref="ArgumentException">The class has no restore of that priority.</exception>
    public (decimal Requests, decimal Retrieval) Read(
        StorageClass storageClass, long objectBytes, RestorePriority priority = RestorePriority.Standard)
    {
        var price = Prices[storageClass];
        if (price.RestorePer1000.Count == 0)
        {
            priority = RestorePriority.Standard;
        }

        if (!price.RetrievalPerGb.TryGetValue(priority, out var perGb))
        {
            throw new ArgumentException($"{storageClass} has no {priority} restore.", nameof(priority));
        }

        return (
            (price.GetPer1000 + price.RestorePer1000.GetValueOrDefault(priority)) / Thousand,
            objectBytes * perGb / BytesPerGb);
    }

    /// <summary>What a move saves over some time: negative when it costs more than it saves.</summary>
    /// <param name="from">Where the object lies.</param>
    /// <param name="to">Where it would lie.</param>
    /// <param name="objectBytes">Its length.</param>
    /// <param name="daysThere">How long it has lain there.</param>
    /// <param name="daysAhead">For how long it would lie in the other class.</param>
    public decimal SavingOfMove(
        StorageClass from, StorageClass to, long objectBytes, decimal daysThere, decimal daysAhead) =>
        (daysAhead / DaysPerMonth * (StoragePerMonth(from, objectBytes) - StoragePerMonth(to, objectBytes)))
        - Move(to)
        - EarlyRemoval(from, objectBytes, daysThere)
        - EarlyRemoval(to, objectBytes, daysAhead);

    /// <summary>What the life of an object costs.</summary>
    /// <param name="life">Its life.</param>
    /// <exception cref="ArgumentException">It has no stages, or no length.</exception>
    public LifeCost Of(ObjectLife life)
    {
        ArgumentNullException.ThrowIfNull(life);
        if (life.Stages.Count == 0 || life.ObjectBytes < 1 || life.ContentBytes < 1
            || life.Stages.Any(stage => stage.Days <= 0))
        {
            throw new ArgumentException("A life has at least one stage, each with days, and bytes.", nameof(life));
        }

        decimal storage = 0, early = 0, retrieval = 0;
        var first = life.Stages[0].StorageClass;
        var requests = Put(first) + (life.CompactedFrom * (Put(first) + Read(first, 0).Requests));
        for (var number = 0; number < life.Stages.Count; number++)
        {
            var (storageClass, days) = life.Stages[number];
            storage += days / DaysPerMonth * StoragePerMonth(storageClass, life.ObjectBytes);
            early += EarlyRemoval(storageClass, life.ObjectBytes, days);
            requests += number == 0 ? 0 : Move(storageClass);
            var read = Read(storageClass, life.ObjectBytes, Cheapest(storageClass));
            requests += read.Requests * life.ReadsPerYear * days / DaysPerYear;
            retrieval += read.Retrieval * life.ReadsPerYear * days / DaysPerYear;
        }

        var months = life.Stages.Sum(stage => stage.Days) / DaysPerMonth;
        var logical = life.ContentBytes / BytesPerGb * months;
        return new LifeCost(
            storage,
            requests,
            early,
            retrieval,
            life.ObjectBytes / BytesPerGb * months,
            logical,
            logical * Prices[StorageClass.Standard].StoragePerGbMonth);
    }

    private RestorePriority Cheapest(StorageClass storageClass) =>
        Prices[storageClass].RetrievalPerGb.MinBy(entry => entry.Value).Key;
}
