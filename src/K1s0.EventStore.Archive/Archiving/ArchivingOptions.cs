using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Which months of events leave the database, and how. A month leaves as a whole, the earliest first, when it is over
/// and one of the three limits wants it to.
/// </summary>
public sealed class ArchivingOptions
{
    /// <summary>How long after its end a month stays in the database.</summary>
    /// <value>90 days by default; 0 to 100 years; null for no limit by age.</value>
    public TimeSpan? OlderThan { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How many events the database is to hold: earlier months leave until it holds no more.</summary>
    /// <value>null by default: no limit by count. 0 or more.</value>
    public long? MaxEvents { get; set; }

    /// <summary>How many bytes the months in the database are to take, indexes included.</summary>
    /// <value>null by default: no limit by size. 0 or more.</value>
    public long? MaxBytes { get; set; }

    /// <summary>
    /// How long months have to stay in the database after their ends, whatever the limits say: for rules that others
    /// make. Kept in the database, for all archivers; an archiver raises it and never lowers it.
    /// </summary>
    /// <value>0 by default; 0 to 100 years.</value>
    public TimeSpan MinimumRetention { get; set; }

    /// <summary>Whether months leave the database when they are archived, or are only copied.</summary>
    /// <value>true by default.</value>
    public bool Prune { get; set; } = true;

    /// <summary>The most events in a batch.</summary>
    /// <value>1,000,000 by default; 1 to 1,000,000.</value>
    [Range(1, 1_000_000)]
    public int MaxEventsPerBatch { get; set; } = 1_000_000;

    /// <summary>
    /// The most bytes of lines in a batch; it is in memory a few times while it is made and verified.
    /// </summary>
    /// <value>64 MiB by default, which are about 16 MiB stored; 1 KiB to 64 MiB.</value>
    [Range(1_024, 64 * 1024 * 1024)]
    public int MaxContentBytesPerBatch { get; set; } = 64 * 1024 * 1024;

    /// <summary>Where new batches lie. A class that has to be restored before it is read cannot be verified.</summary>
    /// <value>Standard by default; standard, infrequent access or instant archive.</value>
    public StorageClass StorageClass { get; set; } = StorageClass.Standard;

    /// <summary>How often one run tries to store and verify a batch before it gives up.</summary>
    /// <value>3 by default; 1 to 20.</value>
    [Range(1, 20)]
    public int MaxAttempts { get; set; } = 3;

    /// <summary>How long the hosted service rests between two runs.</summary>
    /// <value>1 hour by default; 1 second to 7 days.</value>
    public TimeSpan RunEvery { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long the leader keeps its lease without renewing it, and so how long a dead one is waited for.
    /// </summary>
    /// <value>
    /// 5 minutes by default; 1 second to 1 hour. A step that takes longer, as hashing a month can, is finished, and the
    /// run goes on if nobody else has led meanwhile.
    /// </value>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How this process is called in the lease, for people to read.</summary>
    /// <value>The machine's name and the process id.</value>
    [Required]
    public string Owner { get; set; } = string.Create(
        CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");

    /// <summary>From which age of the oldest batch that is not listed on the health check says degraded.</summary>
    /// <value>1 day by default; 1 minute to 365 days.</value>
    public TimeSpan MaxLag { get; set; } = TimeSpan.FromDays(1);
}
