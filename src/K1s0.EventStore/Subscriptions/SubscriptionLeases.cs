namespace K1s0.EventStore;

/// <summary>
/// The leases by which competing processes share subscriptions: of all that run one name, the holder of its lease does,
/// and the others stand by. Thread-safe; one instance a store and process.
/// </summary>
/// <remarks>
/// All subscriptions of a process ask one after the other: fifty of them need no more than one connection for it.
/// </remarks>
public sealed class SubscriptionLeases : IDisposable
{
    private const string Prefix = "subscription/";

    private readonly ILeaseStore _store;
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Leases of a store.</summary>
    /// <param name="store">Where they are kept; by its clock they end.</param>
    public SubscriptionLeases(ILeaseStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
    }

    /// <summary>The name of a subscription's lease.</summary>
    /// <param name="subscription">The name of the subscription: at most 242 bytes of UTF-8.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static string NameOf(string subscription)
    {
        ConsumerName.Check(subscription, nameof(subscription));
        var name = Prefix + subscription;
        ConsumerName.Check(name, nameof(subscription));
        return name;
    }

    /// <summary>Ends asking; subscriptions must have ended before.</summary>
    public void Dispose() => _turn.Dispose();

    internal Task<Lease?> TryAcquireAsync(SubscriptionParts parts, CancellationToken cancellationToken) =>
        InTurnAsync(
            token => _store.TryAcquireAsync(
                NameOf(parts.Name), parts.Options.Owner, parts.Options.LeaseDuration, token),
            cancellationToken);

    internal Task RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        InTurnAsync(token => _store.RenewAsync(lease, duration, token), cancellationToken);

    internal Task ReleaseAsync(Lease lease, CancellationToken cancellationToken) =>
        InTurnAsync(
            async token =>
            {
                await _store.ReleaseAsync(lease, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    private async Task<TResult> InTurnAsync<TResult>(
        Func<CancellationToken, Task<TResult>> ask, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await ask(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}
