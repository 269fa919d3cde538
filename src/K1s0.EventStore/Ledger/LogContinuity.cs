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

        var path = await CoveredAsync(
            known, head.Size, ConsistencyProof.CreateAsync(tiles, known.Size, head.Size, cancellationToken))
            .ConfigureAwait(false);
        if (!ConsistencyProof.Verify(known.Size, known.Root, head.Size, head.Root, path))
        {
            throw new LogDivergedException(
                known, head.Size, "Its first leaves are others: the database was rolled back and went on differently, "
                + "or its log was changed.");
        }
    }

    /// <summary>
    /// What is read of tiles that a head covers: they were written with it, so they can only be lost.
    /// </summary>
    /// <exception cref="LogDivergedException">A tile is missing, or shorter than it was.</exception>
    public static async Task<TResult> CoveredAsync<TResult>(TreeHead head, long storedSize, Task<TResult> reading)
    {
        try
        {
            return await reading.ConfigureAwait(false);
        }
        catch (Exception e) when (e is TileMissingException or InvalidFormatException)
        {
            throw new LogDivergedException(head, storedSize, $"Its tiles were lost or cut: {e.Message}", e);
        }
    }
}
