namespace K1s0.EventStore;

/// <summary>
/// Keeps leases: at most one holder of a name at a time, by the store's clock. Implementations are thread-safe.
/// </summary>
/// <remarks>
/// A holder can sleep past the end of its lease without noticing it, so holding one proves nothing at the moment of a
/// write. What must not happen twice carries the <see cref="Lease.Epoch"/> to the place where it is written, and is
/// refused there when the epoch does not count any more.
/// </remarks>
public interface ILeaseStore
{
    /// <summary>Acquires a lease that is free: never held, released, or run out.</summary>
    /// <param name="name">What the lease is the right to: 1 to 255 bytes of UTF-8, no control characters.</param>
    /// <param name="owner">Who acquires it, for people to read: 1 to 255 bytes, no control characters.</param>
    /// <param name="duration">How long it lasts unless it is renewed: 1 second to 1 hour.</param>
    /// <param name="cancellationToken">
    /// Gives up. The lease may have been acquired all the same: it then runs out by itself.
    /// </param>
    /// <returns>
    /// The lease, with an epoch that is higher than all before; null when somebody holds it, be it the same owner.
    /// </returns>
    /// <exception cref="ArgumentException">A name or the duration is out of its range.</exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// It may have been acquired, or not as durably as it should be: do not count on it. It then runs out by itself.
    /// </exception>
    Task<Lease?> TryAcquireAsync(
        string name, string owner, TimeSpan duration, CancellationToken cancellationToken = default);

    /// <summary>Makes the lease last from now on for a duration. Renew after a third of the time, say.</summary>
    /// <param name="lease">The lease, as acquired or as the last renewal returned it.</param>
    /// <param name="duration">How long it lasts from now: 1 second to 1 hour.</param>
    /// <param name="cancellationToken">Gives up. The lease may have been renewed all the same.</param>
    /// <returns>The same lease with its new end.</returns>
    /// <exception cref="LeaseLostException">It has run out, was released, or has another holder.</exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// It may have been renewed, or not as durably as it should be: count on its former end, and renew again.
    /// </exception>
    Task<Lease> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default);

    /// <summary>Ends the lease, so that others need not wait until it runs out. A lost lease stays as it is.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="cancellationToken">Gives up. The lease may have ended all the same.</param>
    Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default);
}
