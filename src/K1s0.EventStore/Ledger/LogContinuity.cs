using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>Whether a store continues a log that somebody outside has seen a head of.</summary>
internal static class LogContinuity
{
    /// <summary>Proves from the stored tiles that the store's head continues a known one.</summary>
    /// <exception cref="LogDivergedException">It does not.</exception>
    public static async Task CheckAsync(
        ITileReader tiles, TreeHead known, SealedHead head, CancellationToken cancellationToken)
    {
        if (known.Size > head.Size)
        {
            throw new LogDivergedException(
                known,
                head.Size,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The last {known.Size - head.Size} leaves are lost: the database was rolled back."));
        }

        var path = await ConsistencyProof.CreateAsync(tiles, known.Size, head.Size, cancellationToken)
            .ConfigureAwait(false);
        if (!ConsistencyProof.Verify(known.Size, known.Root, head.Size, head.Root, path))
        {
            throw new LogDivergedException(
                known, head.Size, "Its first leaves are others: the database was rolled back and went on differently, "
                + "or its log was changed.");
        }
    }
}
