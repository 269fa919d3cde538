namespace K1s0.EventStore;

/// <summary>
/// The leases by which competing processes share subscriptions: of all that run one name, the holder of its lease does,
/// and the others stand by. Thread-safe; one instance a store and process.
/// </summary>
/// <remarks>
/// All subscriptions of a process ask one after the other as long as the store answers: fifty of them need no more than
/// one connection for it. Nobody waits longer than a tenth of its lease for an answer that another one asked for; then
/// it asks beside the others, so that each lease is renewed on its own clock.
/// </remarks>
public sealed class SubscriptionLeases : IDisposable
{
    private const string Prefix = "subscription/";
    private const int TurnsPerLease = 10;

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
            parts,
            token => _store.TryAcquireAsync(
                NameOf(parts.Name), parts.Options.Owner, parts.Options.LeaseDuration, token),
            cancellationToken);

    internal Task RenewAsync(SubscriptionParts parts, Lease lease, CancellationToken cancellationToken) =>
        InTurnAsync(parts, token => _store.RenewAsync(lease, parts.Options.LeaseDuration, token), cancellationToken);

    internal Task ReleaseAsync(SubscriptionParts parts, Lease lease, CancellationToken cancellationToken) =>
        InTurnAsync(
            parts,
            async token =>
            {
                await _store.ReleaseAsync(lease, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    private async Task<TResult> InTurnAsync<TResult>(
        SubscriptionParts parts, Func<CancellationToken, Task<TResult>> ask, CancellationToken cancellationToken)
    {
        var hasTurn = await TryTakeTurnAsync(parts, cancellationToken).ConfigureAwait(false);
        try
        {
            // Without a turn, no more ask at once than there are subscriptions: each has one question at a time.
            return await ask(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (hasTurn)
            {
                _turn.Release();
            }
        }
    }

    // False when somebody has had the turn for too long.
    private async Task<bool> TryTakeTurnAsync(SubscriptionParts parts, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(
            parts.Options.LeaseDuration / TurnsPerLease, parts.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await _turn.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
