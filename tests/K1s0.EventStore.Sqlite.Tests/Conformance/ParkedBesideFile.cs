using System.Collections.Concurrent;

namespace K1s0.EventStore.Sqlite.Tests.Conformance;

/// <summary>
/// Parked events in memory, for subscriptions whose checkpoints are in a file: which claim counts is known from the
/// claims that were seen.
/// </summary>
internal sealed class ParkedBesideFile : IParkedEventStore
{
    private readonly ConcurrentDictionary<string, long> _seen = new(StringComparer.Ordinal);
    private readonly InMemoryCheckpointStore _claims;
    private readonly InMemoryParkedEventStore _parked;

    public ParkedBesideFile(IFeedReader store)
    {
        _claims = new InMemoryCheckpointStore(store);
        _parked = new InMemoryParkedEventStore(_claims);
    }

    public async Task<bool> ParkAsync(
        ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default)
    {
        await SeeAsync(claim);
        return await _parked.ParkAsync(parked, claim, cancellationToken);
    }

    public async Task<bool> UpdateAsync(
        ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default)
    {
        await SeeAsync(claim);
        return await _parked.UpdateAsync(parked, claim, cancellationToken);
    }

    public Task<IReadOnlyList<ParkedEvent>> ListAsync(
        string consumer,
        Position after = default,
        int maxCount = IParkedEventStore.MaxPage,
        CancellationToken cancellationToken = default) =>
        _parked.ListAsync(consumer, after, maxCount, cancellationToken);

    public Task<bool> RemoveAsync(string consumer, Position position, CancellationToken cancellationToken = default) =>
        _parked.RemoveAsync(consumer, position, cancellationToken);

    // Claims as often as the file was claimed.
    private async Task SeeAsync(CheckpointClaim claim)
    {
        while (_seen.GetValueOrDefault(claim.Consumer) < claim.Epoch)
        {
            _seen[claim.Consumer] = (await _claims.ClaimAsync(claim.Consumer, claim.Owner)).Epoch;
        }
    }
}
