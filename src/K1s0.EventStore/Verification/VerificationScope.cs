using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>What a verification looks at, and what it knows from outside of the store. Immutable.</summary>
public sealed record VerificationScope
{
    /// <summary>Only events behind this position are verified.</summary>
    /// <value>The beginning by default.</value>
    public Position After { get; init; }

    /// <summary>Only events up to this position are verified.</summary>
    /// <value>null by default: up to the settled bound.</value>
    public Position? UpTo { get; init; }

    /// <summary>Heads that streams had at some time, kept outside of the store; any number of each.</summary>
    /// <value>
    /// Empty by default. Without them and without a known tree head a cut tail looks like a shorter stream.
    /// </value>
    public IReadOnlyCollection<StreamHead> RememberedHeads { get; init; } = [];

    /// <summary>A head of the store's log that is trusted: one that was published, its signature verified.</summary>
    /// <value>null by default: then who can write all tables can also rewrite the history.</value>
    public TreeHead? KnownHead { get; init; }

    /// <summary>Tiles that belong to <see cref="KnownHead"/>, such as those of the published log.</summary>
    /// <value>
    /// null by default. With them, the events that were changed are named even when the store's tiles were changed too.
    /// </value>
    public ITileReader? KnownTiles { get; init; }

    /// <summary>The keys that are trusted to sign the store's log.</summary>
    /// <value>
    /// Empty by default: signatures of the stored heads are not looked at. With keys, a log of which no head is signed
    /// is a finding too, when it is still so after 5 seconds.
    /// </value>
    public IReadOnlyCollection<VerifierKey> Keys { get; init; } = [];

    internal bool IsWholeStore => After == Position.Start && UpTo is null;
}
