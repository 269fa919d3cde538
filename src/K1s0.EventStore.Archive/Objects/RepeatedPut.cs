namespace K1s0.EventStore.Archive;

/// <summary>
/// Puts whose outcome nobody knows are repeated: that settles it, as the content and the key are the same.
/// </summary>
internal static class RepeatedPut
{
    /// <summary>How often one put is tried.</summary>
    public const int Attempts = 3;

    /// <exception cref="WriteOutcomeUnknownException">Nobody knows it after three attempts either.</exception>
    public static async Task<PutOutcome> PutUntilKnownAsync(
        this IObjectStore objects,
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes attributes,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await objects.PutIfAbsentAsync(key, content, attributes, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (WriteOutcomeUnknownException) when (attempt < Attempts)
            {
                // Repeating it settles it.
            }
        }
    }
}
