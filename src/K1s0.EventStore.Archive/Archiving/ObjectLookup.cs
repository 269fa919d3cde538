namespace K1s0.EventStore.Archive;

/// <summary>Looks whether the objects of batches are there, several at once, while a leader leads.</summary>
internal static class ObjectLookup
{
    /// <summary>How many requests are under way at once; before each of as many the lease is renewed.</summary>
    public const int RequestsAtOnce = 4;

    /// <summary>Those whose object is gone, or is another one.</summary>
    /// <exception cref="LeaseLostException">Another process leads since.</exception>
    public static async Task<IReadOnlyList<ManifestBatch>> FindMissingAsync(
        LeaderParts leader, IEnumerable<ManifestBatch> batches, CancellationToken cancellationToken)
    {
        var missing = new List<ManifestBatch>();
        foreach (var some in batches.Chunk(RequestsAtOnce))
        {
            await leader.RenewAsync().ConfigureAwait(false);
            var found = await Task.WhenAll(
                some.Select(batch => leader.Objects.HeadAsync(batch.Key, cancellationToken))).ConfigureAwait(false);
            missing.AddRange(some.Where((batch, number) => found[number]?.Digest != batch.Digest));
        }

        return missing;
    }
}
