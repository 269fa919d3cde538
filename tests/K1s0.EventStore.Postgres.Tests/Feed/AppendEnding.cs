namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>How a transaction that has appended can end.</summary>
public enum AppendEnding
{
    /// <summary>It is committed.</summary>
    Commit,

    /// <summary>It is rolled back.</summary>
    Rollback,

    /// <summary>Its server process is ended from outside.</summary>
    Terminated,

    /// <summary>Its client disappears without a word.</summary>
    Disconnected,
}
