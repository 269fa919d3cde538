namespace K1s0.EventStore;

/// <summary>What a subscription is doing.</summary>
public enum SubscriptionState
{
    /// <summary>It does not run: not yet, or its token fired.</summary>
    Idle,

    /// <summary>Another process, or another instance in this one, holds its lease and runs it.</summary>
    StandingBy,

    /// <summary>It runs, and there are events that it has not read yet.</summary>
    CatchingUp,

    /// <summary>It runs, and has read all that there was when it last asked.</summary>
    Live,

    /// <summary>Its loop died; it runs again after a wait.</summary>
    Restarting,

    /// <summary>It came to the end that its options name.</summary>
    Completed,

    /// <summary>It ended for good and needs somebody to look at it.</summary>
    Failed,
}
