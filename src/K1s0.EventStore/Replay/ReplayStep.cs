namespace K1s0.EventStore;

/// <summary>One handler's work on one event, retries and their waits included.</summary>
/// <param name="Event">The event.</param>
/// <param name="Handler">The handler.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="AllocatedBytes">
/// What the process allocated meanwhile, to a few KiB; work beside it, in other lanes too, is among it.
/// </param>
public sealed record ReplayStep(ReplayedEvent Event, string Handler, TimeSpan Elapsed, long AllocatedBytes);
