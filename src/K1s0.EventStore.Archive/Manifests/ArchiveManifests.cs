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
        var latest = await FindLatestAsync(0, cancellationToken).ConfigureAwait(false);
        return latest == 0 ? null : await ReadAsync(latest, fromFirst, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The same, where a manifest is known that was there: requests do not become more as the archive grows older.
    /// </summary>
    /// <param name="known">Its number; 0 for none.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    internal async Task<ArchiveListing?> ReadLatestFromAsync(long known, CancellationToken cancellationToken)
    {
        // A bucket that was brought back to an earlier time does not have it.
        var from = known > 0 && await objects.HeadAsync(ArchiveManifest.KeyOf(known), cancellationToken)
            .ConfigureAwait(false) is not null ? known : 0;
        var latest = await FindLatestAsync(from, cancellationToken).ConfigureAwait(false);
        return latest == 0 ? null : await ReadAsync(latest, fromFirst: false, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ArchiveListing> ReadAsync(long latest, bool fromFirst, CancellationToken cancellationToken)
    {
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

    // Keys are in the order of numbers. Which of them have to be there, whoever reads them knows.
    private async Task<long> FindLatestAsync(long known, CancellationToken cancellationToken)
    {
        var latest = known;
        var after = known == 0 ? null : ArchiveManifest.KeyOf(known);
        await foreach (var entry in objects
            .ListAsync(ArchiveManifest.Folder, after, cancellationToken).ConfigureAwait(false))
        {
            var name = entry.Key.Value[ArchiveManifest.Folder.Length..];
            if (name.EndsWith(Ending, StringComparison.Ordinal)
                && long.TryParse(
                    name[..^Ending.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number > 0
                && ArchiveManifest.KeyOf(number) == entry.Key)
            {
                latest = number;
            }
        }

        return latest;
    }
}
