namespace K1s0.EventStore.Sync;

/// <summary>How a saga stands.</summary>
public enum SagaStatus
{
    /// <summary>A step could not be done now, for example because a node is offline: run it again later.</summary>
    Waiting,

    /// <summary>All steps are done.</summary>
    Completed,

    /// <summary>A step was refused, and those before it were taken back.</summary>
    Compensated,
}
