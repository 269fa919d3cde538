using System.Globalization;

namespace K1s0.EventStore.Archive;

/// <summary>
/// The manifests of an archive in its bucket: <c>manifests/</c> and a number. They are put and never changed or
/// deleted, so a number is taken once. Thread-safe.
/// </summary>
/// <param name="objects">Where they are kept.</param>
public sealed class ArchiveManifests(IObjectStore objects)
{
    private const string Ending = ".jsonl";

    /// <summary>Stores a manifest. Repeating it is harmless.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="cancellationToken">Gives up; it is there as a whole or not at all.</param>
    /// <exception cref="ManifestConflictException">Its number is taken by another one.</exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it is stored: repeat the call.</exception>
    public async Task PutAsync(ArchiveManifest manifest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var outcome = await objects
            .PutIfAbsentAsync(
                ArchiveManifest.KeyOf(manifest.Number), manifest.Content, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        if (outcome is PutOutcome.Taken)
        {
            throw new ManifestConflictException(manifest.Number, "its number is taken by another one.");
        }
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The manifest; null when there is none.</returns>
    /// <exception cref="ObjectDamagedException">It is damaged, or is no manifest of this number.</exception>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    public async Task<ArchiveManifest?> ReadAsync(long number, CancellationToken cancellationToken = default)
    {
        var key = ArchiveManifest.KeyOf(number);
        if (await objects.GetAsync(key, ArchiveManifest.MaxBytes, cancellationToken).ConfigureAwait(false)
            is not { } found)
        {
            return null;
        }

        try
        {
            var manifest = ArchiveManifest.Read(found.Content);
            return manifest.Number == number
                ? manifest
                : throw new ObjectDamagedException(key.Value, $"it says that it is manifest {manifest.Number}.");
        }
        catch (InvalidFormatException e)
        {
            throw new ObjectDamagedException(key.Value, e.Message, e);
        }
    }

    /// <summary>
    /// Reads what the archive has by its last manifest: that one, the complete one that it counts on, and those
    /// between.
    /// </summary>
    /// <param name="fromFirst">
    /// Whether to read all manifests from the first, and check that each continues the one before it.
    /// </param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The listing; null when there is no manifest.</returns>
    /// <exception cref="ManifestConflictException">A manifest does not continue the one before it.</exception>
    /// <exception cref="ObjectDamagedException">A manifest is damaged or missing.</exception>
    /// <exception cref="StoreUnavailableException">One cannot be read at the moment.</exception>
    public async Task<ArchiveListing?> ReadLatestAsync(
        bool fromFirst = false, CancellationToken cancellationToken = default)
    {
        var latest = await FindLatestAsync(cancellationToken).ConfigureAwait(false);
        if (latest == 0)
        {
            return null;
        }

        var last = await ReadListedAsync(latest, cancellationToken).ConfigureAwait(false);
        var number = fromFirst ? 1 : last.Base;
        var first = number == latest ? last : await ReadListedAsync(number, cancellationToken).ConfigureAwait(false);
        var listing = ArchiveListing.Of(first);
        while (++number <= latest)
        {
            listing = listing.With(
                number == latest ? last : await ReadListedAsync(number, cancellationToken).ConfigureAwait(false));
        }

        return listing;
    }

    private async Task<ArchiveManifest> ReadListedAsync(long number, CancellationToken cancellationToken) =>
        await ReadAsync(number, cancellationToken).ConfigureAwait(false)
        ?? throw new ObjectDamagedException(
            ArchiveManifest.KeyOf(number).Value, "it is gone, though later ones count on it.");

    // Numbers have no gaps, and keys are in their order.
    private async Task<long> FindLatestAsync(CancellationToken cancellationToken)
    {
        long latest = 0;
        await foreach (var entry in objects
            .ListAsync(ArchiveManifest.Folder, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            var name = entry.Key.Value[ArchiveManifest.Folder.Length..];
            if (name.EndsWith(Ending, StringComparison.Ordinal)
                && long.TryParse(
                    name[..^Ending.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number > 0
                && ArchiveManifest.KeyOf(number) == entry.Key)
            {
                latest = number == latest + 1
                    ? number
                    : throw new ObjectDamagedException(
                        ArchiveManifest.KeyOf(latest + 1).Value, "it is gone, though later ones are there.");
            }
        }

        return latest;
    }
}
