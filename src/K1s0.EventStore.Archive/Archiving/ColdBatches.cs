namespace K1s0.EventStore.Archive;

/// <summary>
/// Names all batches at once that have to be restored before an adoption can go on: each restore takes hours, so nobody
/// should be told of them one after the other.
/// </summary>
internal static class ColdBatches
{
    private const string Advice =
        "ArchiveRestores.RequestAsync with the exception's Keys gives a ticket for it; adopt again when the ticket is "
        + "ready. Nothing was given up.";

    /// <summary>What is to be thrown where a batch is cold: it, and others that will have to be read.</summary>
    /// <param name="leader">What the steps work with.</param>
    /// <param name="first">What reading the first one has thrown.</param>
    /// <param name="others">What will have to be read too, as far as it is known; readable ones are left out.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    public static async Task<RestoreRequiredException> AllAsync(
        LeaderParts leader,
        RestoreRequiredException first,
        IEnumerable<ManifestBatch> others,
        CancellationToken cancellationToken)
    {
        var keys = new List<string> { first.Key };
        var (isUnderWay, estimate) = (first.IsUnderWay, first.Estimate);
        foreach (var key in others.Select(batch => batch.Key)
            .Where(key => !string.Equals(key.Value, first.Key, StringComparison.Ordinal)))
        {
            await leader.RenewAsync().ConfigureAwait(false);
            var info = await leader.Objects.HeadAsync(key, cancellationToken).ConfigureAwait(false);
            if (info is not { Restoration: { IsReadable: false } restoration })
            {
                continue;
            }

            keys.Add(key.Value);
            isUnderWay &= restoration.State is RestorationState.UnderWay;
            estimate = Longer(
                estimate, RestoreRequest.Estimate(info.Attributes.StorageClass, RestorePriority.Standard));
        }

        return new RestoreRequiredException(keys, isUnderWay, estimate, Advice, first);
    }

    private static TimeSpan? Longer(TimeSpan? one, TimeSpan? other) => one > other || other is null ? one : other;
}
