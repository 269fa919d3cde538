namespace K1s0.EventStore.Postgres.Tests;

/// <summary>The writes that are not appends.</summary>
public enum SaveKind
{
    /// <summary>Taking over a consumer.</summary>
    Claim,

    /// <summary>Moving a checkpoint.</summary>
    Checkpoint,

    /// <summary>Keeping a snapshot.</summary>
    Snapshot,
}
