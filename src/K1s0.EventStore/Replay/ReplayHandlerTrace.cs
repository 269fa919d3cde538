namespace K1s0.EventStore;

/// <summary>What one handler did in a replay.</summary>
/// <param name="Handler">The handler.</param>
/// <param name="Events">Events that it handled.</param>
/// <param name="Failures">Events that it failed for at every attempt.</param>
/// <param name="Retries">Attempts that failed and were repeated.</param>
/// <param name="Elapsed">The time of all its steps; with several lanes more than the time that passed.</param>
/// <param name="AllocatedBytes">What the process allocated during its steps, to a few KiB each.</param>
public sealed record ReplayHandlerTrace(
    string Handler, long Events, long Failures, long Retries, TimeSpan Elapsed, long AllocatedBytes);
