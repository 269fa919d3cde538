using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Compares the leaves that the events give with those that tiles hold, in order, and goes on behind leaves that were
/// taken out or put in. Not thread-safe.
/// </summary>
/// <param name="tiles">The tiles.</param>
/// <param name="size">How many leaves they hold.</param>
/// <param name="name">Whose tiles these are, for the findings.</param>
/// <param name="findings">Where to report.</param>
internal sealed class LeafComparison(ITileReader tiles, long size, string name, FindingList findings)
{
    // How many leaves may have been taken out or put in at one place to be recognised.
    private const int LookAhead = 16;
    private const int MaxTilesAtOnce = 24;

    // The index in the tiles less the one among the events.
    private long _shift;

    public async Task CompareAsync(
        long start,
        IReadOnlyList<(EventEnvelope Event, Sha256Digest Hash)> leaves,
        CancellationToken cancellationToken)
    {
        var first = Math.Max(0, start + _shift - LookAhead);
        var stored = await ReadAsync(first, start + _shift + leaves.Count + LookAhead, cancellationToken)
            .ConfigureAwait(false);
        for (var i = 0; i < leaves.Count; i++)
        {
            var at = (int)(start + i + _shift - first);
            if (at >= stored.Count)
            {
                // Not sealed, or sealed no more: the size says so.
                return;
            }

            if (at < 0 || leaves[i].Hash != stored[at])
            {
                i += Report(leaves, i, stored, Math.Max(0, at));
            }
        }
    }

    // Returns how many more events are dealt with.
    private int Report(
        IReadOnlyList<(EventEnvelope Event, Sha256Digest Hash)> leaves, int i, List<Sha256Digest> stored, int at)
    {
        var ahead = Find(stored, at + 1, leaves[i].Hash);
        var put = 1;
        while (put <= LookAhead && i + put < leaves.Count && leaves[i + put].Hash != stored[at])
        {
            put++;
        }

        var isPut = put <= LookAhead && i + put < leaves.Count;
        if (ahead > 0 && isPut)
        {
            Add(StoreFindingKind.Swapped, leaves[i], stored[at]);
            return 0;
        }

        if (ahead > 0)
        {
            Add(StoreFindingKind.Deleted, leaves[i], stored[at]);
            _shift += ahead;
            return 0;
        }

        if (!isPut)
        {
            Add(StoreFindingKind.Edited, leaves[i], stored[at]);
            return 0;
        }

        for (var k = i; k < i + put; k++)
        {
            Add(StoreFindingKind.Inserted, leaves[k], stored[at]);
        }

        _shift -= put;
        return put - 1;
    }

    private static int Find(List<Sha256Digest> stored, int from, Sha256Digest hash)
    {
        for (var k = 0; k < LookAhead && from + k < stored.Count; k++)
        {
            if (stored[from + k] == hash)
            {
                return k + 1;
            }
        }

        return 0;
    }

    private void Add(StoreFindingKind kind, (EventEnvelope Event, Sha256Digest Hash) leaf, Sha256Digest stored) =>
        findings.Add(
            kind,
            leaf.Event,
            string.Create(CultureInfo.InvariantCulture, $"leaf {stored} in {name}"),
            string.Create(CultureInfo.InvariantCulture, $"leaf {leaf.Hash}"));

    private async Task<List<Sha256Digest>> ReadAsync(long from, long to, CancellationToken cancellationToken)
    {
        to = Math.Min(to, size);
        var hashes = new List<Sha256Digest>();
        if (from >= to)
        {
            return hashes;
        }

        var places = new List<MerkleTile>();
        for (var index = from / MerkleTile.FullWidth; index <= (to - 1) / MerkleTile.FullWidth; index++)
        {
            places.Add(MerkleTile.InTree(0, index, size));
        }

        foreach (var some in places.Chunk(MaxTilesAtOnce))
        {
            foreach (var (i, bytes) in (await ReadTilesAsync(some, cancellationToken).ConfigureAwait(false)).Index())
            {
                // A tile that is too short is compared as far as it goes, and reported with the log.
                var start = some[i].Index * MerkleTile.FullWidth;
                for (var k = 0; k < some[i].Width; k++)
                {
                    if (start + k >= from && start + k < to)
                    {
                        hashes.Add(bytes.Length >= (k + 1) * Sha256Digest.Length
                            ? new Sha256Digest(bytes.Span.Slice(k * Sha256Digest.Length, Sha256Digest.Length))
                            : default);
                    }
                }
            }
        }

        return hashes;
    }

    private async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadTilesAsync(
        MerkleTile[] places, CancellationToken cancellationToken)
    {
        try
        {
            return await tiles.ReadAsync(places, cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e) when (e is TileMissingException or InvalidFormatException)
        {
            findings.Add(new StoreFinding(
                StoreFindingKind.LogAltered, null, StreamVersion.None, Position.Start, $"tiles in {name}", e.Message));
            return [.. places.Select(_ => ReadOnlyMemory<byte>.Empty)];
        }
    }
}
