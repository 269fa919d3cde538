using System.Buffers;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Publishes the newest signed head with the tiles and entries that it needs. Everything is computed anew from the
/// stored events, and published only if it gives the root that was signed. Not thread-safe; safe beside publishers of
/// other processes.
/// </summary>
/// <remarks>
/// An exception in the middle leaves files that the published checkpoint does not speak of; the next call puts the same
/// ones again and goes on.
/// </remarks>
public sealed class LogPublisher
{
    // 64 tiles of level 0 at a time: about 2.6 MB of entries and hashes in memory.
    private const int Chunk = 64 * MerkleTile.FullWidth;
    private const int MaxPutsAtOnce = 8;
    private const int MaxTilesAtOnce = 24;

    private readonly ILedgerStore _ledger;
    private readonly LedgerOptions _options;
    private readonly IPublishedLog _target;

    /// <summary>A publisher.</summary>
    /// <param name="ledger">The log.</param>
    /// <param name="options">Origin, keys, and where to publish.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or says nowhere to publish.</exception>
    public LogPublisher(ILedgerStore ledger, LedgerOptions options)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        _options = LedgerOptionsRules.Checked(options);
        _ledger = ledger;
        _target = options.PublishTo
            ?? throw new ArgumentException($"{nameof(LedgerOptions.PublishTo)} is not set.", nameof(options));
    }

    /// <summary>The head that is published, verified with the keys of the options.</summary>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The head; null when nothing is published.</returns>
    /// <exception cref="InvalidFormatException">
    /// What is published is no head of this origin that one of the keys signed.
    /// </exception>
    public async Task<TreeHead?> ReadHeadAsync(CancellationToken cancellationToken = default) =>
        Open(await _target.ReadCheckpointAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>Publishes the newest signed head, unless it is published.</summary>
    /// <param name="cancellationToken">Gives up; what is published stays complete.</param>
    /// <returns>The head that is published now; null when nothing is signed yet.</returns>
    /// <exception cref="LogDivergedException">
    /// The store does not continue the published log; what is published stays.
    /// </exception>
    /// <exception cref="StoreUnavailableException">
    /// Store or target cannot be reached, or another process publishes.
    /// </exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// The head is not as durable as the store should make it: it is published by a later call.
    /// </exception>
    public async Task<TreeHead?> PublishAsync(CancellationToken cancellationToken = default)
    {
        var checkpoint = await _target.ReadCheckpointAsync(cancellationToken).ConfigureAwait(false);
        var published = Open(checkpoint) ?? new TreeHead(_options.Origin, 0, MerkleHash.Empty);
        var stored = await _ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        await LogContinuity.CheckAsync(_ledger, published, stored, cancellationToken).ConfigureAwait(false);
        var signed = await _ledger.GetSignedHeadAsync(cancellationToken).ConfigureAwait(false);
        if (signed?.Note is not { } note
            || !TreeHead.TryOpen(note, _options.Origin, _options.Keys(), out var head)
            || head.Size <= published.Size)
        {
            return checkpoint is null ? null : published;
        }

        await PutGrowthAsync(published, head, cancellationToken).ConfigureAwait(false);
        await ConfirmAsync(signed, note, cancellationToken).ConfigureAwait(false);
        return await _target.ReplaceCheckpointAsync(checkpoint, note.ToUtf8(), cancellationToken).ConfigureAwait(false)
            ? head
            : throw new StoreUnavailableException("Another process has published the log in the meantime.");
    }

    // A commit that no standby confirmed can be seen and can still be lost. One that is confirmed after it, as this one
    // is, confirms all before.
    private async Task ConfirmAsync(SealedHead signed, SignedNote note, CancellationToken cancellationToken)
    {
        if (!await _ledger.SaveNoteAsync(signed, note, cancellationToken).ConfigureAwait(false))
        {
            throw new LogDivergedException(
                signed.ToTreeHead(_options.Origin), 0, "The head that was to be published is not stored any more.");
        }
    }

    private TreeHead? Open(ReadOnlyMemory<byte>? checkpoint) => checkpoint switch
    {
        null => null,
        { } bytes when SignedNote.TryParse(bytes.Span, out var note)
            && TreeHead.TryOpen(note, _options.Origin, _options.Keys(), out var head) => head,
        _ => throw new InvalidFormatException(
            $"published head of {_options.Origin}",
            "it is about another log, or none of the keys of the options signed it. Is this the right place? Were keys "
            + $"changed without keeping the old one in {nameof(LedgerOptions.FormerKeys)}?"),
    };

    // Grows the published tree by the stored events. Whatever the store may have been changed to: the tree begins as
    // the published one, and the checkpoint that comes after it needs the root that was signed.
    private async Task PutGrowthAsync(TreeHead published, TreeHead head, CancellationToken cancellationToken)
    {
        var builder = await LogContinuity
            .CoveredAsync(published, head.Size, TileBuilder.LoadAsync(_ledger, published.Size, cancellationToken))
            .ConfigureAwait(false);
        if (builder.Root != published.Root)
        {
            throw new LogDivergedException(published, head.Size, "The stored tiles do not give the published root.");
        }

        // Bundles are written whole, so reading begins where the unfinished one does.
        var start = published.Size - (published.Size % MerkleTile.FullWidth);
        while (start < head.Size)
        {
            var count = (int)Math.Min(Chunk, head.Size - start);
            var records = await _ledger.ReadSealedAsync(start, count, cancellationToken).ConfigureAwait(false);
            if (records.Count != count)
            {
                throw new LogDivergedException(published, head.Size, "Events are missing that are sealed.");
            }

            foreach (var record in records.Skip((int)(builder.Size - start)))
            {
                builder.Append(record.LeafHash());
            }

            if (start + count == head.Size && builder.Root != head.Root)
            {
                throw new LogDivergedException(head, builder.Size, "Events were changed after they were sealed.");
            }

            await CompareAsync(head, start, records, cancellationToken).ConfigureAwait(false);
            await PutAllAsync(head, builder.TakeTiles(), Bundles(start, records), cancellationToken)
                .ConfigureAwait(false);
            start += count;
        }

        await RemovePartialsAsync(published.Size, head.Size, cancellationToken).ConfigureAwait(false);
    }

    // Tiles that were partial under the published head, and are full: all that was partial of them is superseded.
    // Before the checkpoint, so that after a failure the next try does it.
    private async Task RemovePartialsAsync(long from, long to, CancellationToken cancellationToken)
    {
        for (var level = 0; level < MerkleTile.LevelCount; level++)
        {
            var (before, after) = (MerkleTile.HashCount(level, from), MerkleTile.HashCount(level, to));
            var index = before / MerkleTile.FullWidth;
            if (before % MerkleTile.FullWidth == 0 || after < (index + 1) * MerkleTile.FullWidth)
            {
                continue;
            }

            var tile = new MerkleTile(level, index, MerkleTile.FullWidth);
            await _target.RemovePartialsAsync(tile.Path, cancellationToken).ConfigureAwait(false);
            if (level == 0)
            {
                await _target.RemovePartialsAsync(EntryBundle.Path(index, MerkleTile.FullWidth), cancellationToken)
                    .ConfigureAwait(false);
            }
        }
    }

    // Before anything is put: a file that is put stays.
    private async Task CompareAsync(
        TreeHead head, long start, IReadOnlyList<LeafRecord> records, CancellationToken cancellationToken)
    {
        var tiles = records.Chunk(MerkleTile.FullWidth)
            .Select((leaves, i) => new MerkleTile(0, (start / MerkleTile.FullWidth) + i, leaves.Length))
            .ToArray();
        var stored = new List<ReadOnlyMemory<byte>>(tiles.Length);
        foreach (var some in tiles.Chunk(MaxTilesAtOnce))
        {
            stored.AddRange(await LogContinuity
                .CoveredAsync(head, head.Size, _ledger.ReadAsync(some, cancellationToken)).ConfigureAwait(false));
        }

        for (var i = 0; i < records.Count; i++)
        {
            var (tile, at) = Math.DivRem(i, MerkleTile.FullWidth);
            var hashes = stored[tile].Span[(at * Sha256Digest.Length)..];
            if (hashes.Length < Sha256Digest.Length
                || records[i].LeafHash() != new Sha256Digest(hashes[..Sha256Digest.Length]))
            {
                throw new LogDivergedException(
                    head, head.Size, $"Event {records[i].EventId} was changed after it was sealed.");
            }
        }
    }

    private static IEnumerable<(string Path, ReadOnlyMemory<byte> Content)> Bundles(
        long start, IReadOnlyList<LeafRecord> records)
    {
        foreach (var (i, entries) in records.Chunk(MerkleTile.FullWidth).Index())
        {
            var bundle = new ArrayBufferWriter<byte>(entries.Length * (sizeof(ushort) + LeafRecord.Length));
            foreach (var entry in entries)
            {
                EntryBundle.Append(bundle, entry.ToArray());
            }

            yield return (
                EntryBundle.Path((start / MerkleTile.FullWidth) + i, entries.Length), bundle.WrittenMemory);
        }
    }

    private async Task PutAllAsync(
        TreeHead head,
        IReadOnlyList<TileContent> tiles,
        IEnumerable<(string Path, ReadOnlyMemory<byte> Content)> bundles,
        CancellationToken cancellationToken) =>
        await Parallel.ForEachAsync(
            tiles.Select(tile => (tile.Tile.Path, Content: tile.Bytes)).Concat(bundles),
            new ParallelOptions { MaxDegreeOfParallelism = MaxPutsAtOnce, CancellationToken = cancellationToken },
            async (file, token) =>
            {
                if (!await _target.PutAsync(file.Path, file.Content, token).ConfigureAwait(false))
                {
                    throw new LogDivergedException(
                        head, head.Size, $"{file.Path} is published with other content, although no published head "
                        + "covers it: the database was rolled back while it was being published.");
                }
            }).ConfigureAwait(false);
}
