namespace K1s0.EventStore.Sync;

/// <summary>What became of an operation that was queued. It is durable.</summary>
/// <param name="Id">The id under which it will be sent: another one when it was merged with an older one.</param>
/// <param name="WasMerged">Whether it was merged with an older one that had not been sent.</param>
/// <param name="WasRepeated">Whether it had been queued before; then nothing changed.</param>
/// <param name="IsDead">
/// Whether it had been queued before and was laid aside: it is not sent unless <see cref="OfflineQueue.ReviveAsync"/>
/// lets it wait again.
/// </param>
public sealed record EnqueueReceipt(Guid Id, bool WasMerged, bool WasRepeated, bool IsDead = false);
