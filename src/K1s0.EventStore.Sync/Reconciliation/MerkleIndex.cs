using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// A set of keyed items, arranged so that another side can find out where its own differs: a tree of fan-out 4 over the
/// hashes of the keys, which exists only as sums over a sorted array.
/// </summary>
/// <remarks>
/// <para>Immutable, safe to share between threads. Takes about 60 bytes an item beside the items.</para>
/// <para>A fingerprint is a sum of hashes. Nobody meets another set with the same sum by chance; who may choose many
/// items and knows the salt can construct one, and so hide a difference. Where such a peer must be feared, agree on a
/// salt that it learns after it has chosen its items.</para>
/// </remarks>
public sealed class MerkleIndex
{
    // A sum for every so many items: a node's fingerprint takes two of them and at most twice as many additions.
    private const int ItemsPerSum = 16;

    // As many keys with one position do not happen by chance.
    private const int MaxItemsPerPosition = 64;

    private readonly byte[] _salt;
    private readonly ulong[] _positions;
    private readonly MerkleItem[] _items;
    private readonly Fingerprint[] _hashes;
    private readonly Fingerprint[] _sums;

    private MerkleIndex(byte[] salt, ulong[] positions, Fingerprint[] hashes, MerkleItem[] items)
    {
        (_salt, _positions, _hashes, _items) = (salt, positions, hashes, items);
        _sums = new Fingerprint[(items.Length / ItemsPerSum) + 1];
        for (var i = 0; i < items.Length; i++)
        {
            // The sum that the next block begins with.
            if (i / ItemsPerSum < _sums.Length - 1)
            {
                var next = (i / ItemsPerSum) + 1;
                _sums[next] = (i % ItemsPerSum == 0 ? _sums[next - 1] : _sums[next]) + hashes[i];
            }
        }
    }

    /// <summary>How many items there are.</summary>
    public int Count => _items.Length;

    private static ReadOnlySpan<byte> KeyLabel => "k1s0-merkle-key/1"u8;

    private static ReadOnlySpan<byte> ItemLabel => "k1s0-merkle-item/1"u8;

    /// <summary>An index of items.</summary>
    /// <param name="items">In any order; each key once.</param>
    /// <param name="salt">At most 64 bytes that both sides must use; empty for none.</param>
    /// <exception cref="ArgumentException">
    /// A key comes twice, the salt is too long, or keys were chosen to have the same hash.
    /// </exception>
    public static MerkleIndex Build(IEnumerable<MerkleItem> items, ReadOnlySpan<byte> salt = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (salt.Length > 64)
        {
            throw new ArgumentException("A salt has at most 64 bytes.", nameof(salt));
        }

        var (all, ownSalt) = (items.ToArray(), salt.ToArray());
        var positions = new ulong[all.Length];
        for (var i = 0; i < all.Length; i++)
        {
            positions[i] = KeyDigest(ownSalt, all[i].Key.Span).A;
        }

        Array.Sort(positions, all);
        CheckPositions(positions, all);
        var hashes = new Fingerprint[all.Length];
        for (var i = 0; i < all.Length; i++)
        {
            hashes[i] = HashOf(ownSalt, all[i]);
        }

        return new MerkleIndex(ownSalt, positions, hashes, all);
    }

    /// <summary>This index with some items added, replaced or taken out; hashes nothing but the new items.</summary>
    /// <param name="set">Items to add, or to put in the place of those with the same key; each key once.</param>
    /// <param name="remove">Keys to take out; one that is not there is left out.</param>
    /// <exception cref="ArgumentException">A key comes twice.</exception>
    public MerkleIndex Change(IEnumerable<MerkleItem> set, IEnumerable<ReadOnlyMemory<byte>> remove)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(remove);
        var added = Build(set, _salt);
        var removed = Build(remove.Select(key => new MerkleItem(key, default)), _salt);
        var size = Count + added.Count;
        var (positions, hashes, items) = (new ulong[size], new Fingerprint[size], new MerkleItem[size]);
        var (mine, theirs, count) = (0, 0, 0);
        while (mine < Count || theirs < added.Count)
        {
            var takesTheirs = theirs < added.Count && (mine == Count || added._positions[theirs] < _positions[mine]);
            var (source, at) = takesTheirs ? (added, theirs++) : (this, mine++);
            if (takesTheirs || !(added.Has(_positions[at], _items[at]) || removed.Has(_positions[at], _items[at])))
            {
                (positions[count], hashes[count], items[count]) =
                    (source._positions[at], source._hashes[at], source._items[at]);
                count++;
            }
        }

        return new MerkleIndex(_salt, positions[..count], hashes[..count], items[..count]);
    }

    /// <summary>Where an item stands, and its hash, under this index's salt.</summary>
    internal (ulong Position, Fingerprint Hash) Place(MerkleItem item) =>
        (KeyDigest(_salt, item.Key.Span).A, HashOf(_salt, item));

    internal MerkleSummary Summarise(MerkleNode node)
    {
        var (from, to) = RangeOf(node);
        return new MerkleSummary(to - from, SumTo(to) - SumTo(from));
    }

    /// <summary>The items of a node: from this index, up to before that one.</summary>
    internal (int From, int To) RangeOf(MerkleNode node) =>
        (FirstAtOrAfter(node.First), node.Last == ulong.MaxValue ? Count : FirstAtOrAfter(node.Last + 1));

    internal MerkleItem Item(int at) => _items[at];

    internal Fingerprint Hash(int at) => _hashes[at];

    private static Fingerprint KeyDigest(byte[] salt, ReadOnlySpan<byte> key)
    {
        Span<byte> buffer = stackalloc byte[KeyLabel.Length + 1 + 64 + MerkleItem.MaxKeyBytes];
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        KeyLabel.CopyTo(buffer);
        buffer[KeyLabel.Length] = (byte)salt.Length;
        salt.CopyTo(buffer[(KeyLabel.Length + 1)..]);
        var length = KeyLabel.Length + 1 + salt.Length;
        key.CopyTo(buffer[length..]);
        SHA256.HashData(buffer[..(length + key.Length)], digest);
        return Fingerprint.Of(digest);
    }

    private static Fingerprint HashOf(byte[] salt, MerkleItem item)
    {
        Span<byte> buffer = stackalloc byte[ItemLabel.Length + (2 * Sha256Digest.Length)];
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        ItemLabel.CopyTo(buffer);
        KeyDigest(salt, item.Key.Span).WriteTo(buffer[ItemLabel.Length..]);
        item.Value.CopyTo(buffer[(ItemLabel.Length + Sha256Digest.Length)..]);
        SHA256.HashData(buffer, digest);
        return Fingerprint.Of(digest);
    }

    private static void CheckPositions(ulong[] positions, MerkleItem[] items)
    {
        for (var (from, i) = (0, 1); i < positions.Length; i++)
        {
            if (positions[i] != positions[from])
            {
                from = i;
                continue;
            }

            for (var other = from; other < i; other++)
            {
                if (items[other].Key.Span.SequenceEqual(items[i].Key.Span))
                {
                    throw new ArgumentException("A key comes twice.", nameof(items));
                }
            }

            if (i - from >= MaxItemsPerPosition)
            {
                throw new ArgumentException("Keys were chosen to have the same hash.", nameof(items));
            }
        }
    }

    private bool Has(ulong position, MerkleItem item)
    {
        for (var i = FirstAtOrAfter(position); i < Count && _positions[i] == position; i++)
        {
            if (_items[i].Key.Span.SequenceEqual(item.Key.Span))
            {
                return true;
            }
        }

        return false;
    }

    private int FirstAtOrAfter(ulong position)
    {
        var (low, high) = (0, _positions.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = _positions[middle] < position ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    // The sum of all items before this one.
    private Fingerprint SumTo(int index)
    {
        var sum = _sums[index / ItemsPerSum];
        for (var i = index / ItemsPerSum * ItemsPerSum; i < index; i++)
        {
            sum += _hashes[i];
        }

        return sum;
    }
}
