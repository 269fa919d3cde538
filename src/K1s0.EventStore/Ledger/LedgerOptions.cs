using System.ComponentModel.DataAnnotations;
using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>How the log of one store is sealed, signed and published. Validated when the application starts.</summary>
public sealed class LedgerOptions
{
    /// <summary>
    /// Which log this is: the first line of every signed head, for example <c>example.com/orders</c>.
    /// </summary>
    /// <value>Empty by default; required, one line. A host name that you own, and a path, keep it unique.</value>
    [Required]
    public string Origin { get; set; } = string.Empty;

    /// <summary>
    /// Who signs. The names of the keys should be the origin. While keys are changed: the old and the new.
    /// </summary>
    /// <value>Empty by default; 1 to 100 are required. They belong to the application, which disposes them.</value>
    public IList<ITreeHeadSigner> Signers { get; } = [];

    /// <summary>Keys that signed before, and are still trusted when the published head is read.</summary>
    /// <value>Empty by default.</value>
    public IList<VerifierKey> FormerKeys { get; } = [];

    /// <summary>Where the log is published.</summary>
    /// <value>null by default: nowhere. Then nothing outside of the database notices that it was rolled back.</value>
    public IPublishedLog? PublishTo { get; set; }

    /// <summary>How long the sealer waits before it looks for new events.</summary>
    /// <value>200 milliseconds by default; 20 milliseconds to 1 minute.</value>
    public TimeSpan SealEvery { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The most leaves in one batch; with more events waiting, the next batch follows at once.</summary>
    /// <value>65,536 by default, about 15 MB of memory; 1 to 65,536.</value>
    [Range(1, ILedgerStore.MaxLeaves)]
    public int MaxLeavesPerSeal { get; set; } = ILedgerStore.MaxLeaves;

    /// <summary>How long the publisher waits between two published heads.</summary>
    /// <value>1 minute by default; 1 second to 1 day.</value>
    public TimeSpan PublishEvery { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long the leader keeps its lease without renewing it, and so how long a dead one is waited for.
    /// </summary>
    /// <value>15 seconds by default; 1 second to 1 hour.</value>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the sealer or the publisher rests after a failure.</summary>
    /// <value>5 seconds by default; 100 milliseconds to 1 hour.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>From which age of the oldest unsealed event on the health check says degraded.</summary>
    /// <value>30 seconds by default; 1 second to 1 day.</value>
    public TimeSpan MaxLag { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How this process is called in the lease, for people to read.</summary>
    /// <value>The machine's name and the process id.</value>
    [Required]
    public string Owner { get; set; } =
        string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{Environment.ProcessId}");

    internal IReadOnlyCollection<VerifierKey> Keys() => [.. Signers.Select(signer => signer.Key), .. FormerKeys];
}
