namespace K1s0.EventStore.Tests;

/// <summary>One drawn case of following the feed.</summary>
public sealed record FollowScenario(
    int Events,
    int Streams,
    int Lanes,
    int PageSize,
    int Window,
    bool IsFiltered,
    FailureAction Action,
    bool IsAtomic,
    bool IsShared,
    int Seed);
