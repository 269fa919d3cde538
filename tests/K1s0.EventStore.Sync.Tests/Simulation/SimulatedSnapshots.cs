using System.Buffers.Binary;
using System.Text;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// Where a simulated machine keeps snapshots: what a call left is durable, calls fail, processes die in them, and chunks
/// rot. What is installed is compared with what really happened, at the moment at which it becomes visible.
/// </summary>
internal sealed class SimulatedSnapshots(World world, SimulatedNode node) : ISnapshotChunkStore
{
    // Some chunks of a state, so that transfers are cut in the middle.
    private const int ValueBytes = 4_000;

    private readonly Dictionary<(string Name, Sha256Digest Digest), byte[]> _chunks = [];

    // What rotted, until it is written again; also when it was removed since, as long as what is installed lacks it.
    private readonly HashSet<(string Name, Sha256Digest Digest)> _damaged = [];
    private readonly Dictionary<string, SnapshotManifest> _installed = new(StringComparer.Ordinal);
    private int _callsBeforeFault;
    private Fault _next;

    private enum Fault
    {
        None,
        ErrorBefore,
        ErrorAfter,
        CrashBefore,
        CrashAfter,
    }

    /// <summary>Whether a transfer of a name is under way; then nobody else begins one.</summary>
    public bool IsTaking { get; set; }

    /// <summary>Whether a chunk rotted that was not written again: then it cannot be given.</summary>
    public bool HasDamage => _damaged.Count > 0;

    public Sha256Digest? RootOf(string name) => _installed.GetValueOrDefault(name)?.Root;

    /// <summary>The state that is published: an entry for every event, large enough for several chunks.</summary>
    public static IEnumerable<SnapshotEntry> State(Truth truth, VectorClock clock) => truth.Events
        .Where(one => clock.Covers(one.Event.Dot))
        .Select(one => (Key: Encoding.UTF8.GetBytes(one.Event.Dot.ToString()), one.Event.Hash))
        .OrderBy(one => one.Key, Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right)))
        .Select(one => new SnapshotEntry(one.Key, Value(one.Hash)));

    /// <summary>One of the next calls fails, or the process dies in it.</summary>
    public void Arm(Random random)
    {
        _next = (world.Scenario.HasDiskErrors, world.Scenario.HasCrashes) switch
        {
            (true, true) => (Fault)random.Next(1, 5),
            (true, false) => (Fault)random.Next(1, 3),
            _ => (Fault)random.Next(3, 5),
        };
        _callsBeforeFault = random.Next(6);
    }

    /// <summary>Nothing fails any more.</summary>
    public void Heal() => _next = Fault.None;

    /// <summary>Another machine.</summary>
    public void Clear()
    {
        _chunks.Clear();
        _damaged.Clear();
        _installed.Clear();
    }

    /// <summary>A chunk changes on the disk.</summary>
    public void Rot(Random random)
    {
        var whole = _chunks.Keys.Where(key => !_damaged.Contains(key))
            .OrderBy(key => key.Digest.ToString(), StringComparer.Ordinal).ToArray();
        if (whole.Length > 0)
        {
            var key = whole[random.Next(whole.Length)];
            _chunks[key] = [.. _chunks[key]];
            _chunks[key][random.Next(_chunks[key].Length)] ^= 1;
            _damaged.Add(key);
            world.Trace.Add($"{node.Name} has a chunk that rots");
        }
    }

    public Task<ReadOnlyMemory<byte>?> ReadInstalledAsync(string name, CancellationToken cancellationToken = default) =>
        Task.FromResult<ReadOnlyMemory<byte>?>(
            _installed.TryGetValue(name, out var manifest) ? (ReadOnlyMemory<byte>)manifest.ToArray() : null);

    public Task InstallAsync(string name, ReadOnlyMemory<byte> manifest, CancellationToken cancellationToken = default)
    {
        Change(() => Install(name, SnapshotManifest.Decode(manifest.Span)));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyCollection<Sha256Digest>> ReadDigestsAsync(
        string name, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyCollection<Sha256Digest>>([.. KeysOf(name).Select(key => key.Digest)]);

    public Task<ReadOnlyMemory<byte>?> ReadChunkAsync(
        string name, SnapshotChunk chunk, CancellationToken cancellationToken = default) =>
        Task.FromResult<ReadOnlyMemory<byte>?>(
            _chunks.TryGetValue((name, chunk.Digest), out var content) ? (ReadOnlyMemory<byte>)content : null);

    public Task WriteChunkAsync(
        string name,
        SnapshotChunk chunk,
        ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken = default)
    {
        var key = (name, chunk.Digest);
        node.Check(chunk.IsMadeOf(content.Span), $"keeps a chunk of {name} that is another than its name says");
        node.Check(
            !_chunks.ContainsKey(key) || _damaged.Contains(key), $"fetches a chunk of {name} that it has already");
        Change(() =>
        {
            _chunks[key] = content.ToArray();
            _damaged.Remove(key);
        });
        return Task.CompletedTask;
    }

    public Task RemoveChunksAsync(
        string name, IReadOnlyCollection<Sha256Digest> digests, CancellationToken cancellationToken = default)
    {
        var used = _installed.TryGetValue(name, out var manifest)
            ? manifest.Chunks.Select(chunk => chunk.Digest).ToHashSet()
            : [];
        node.Check(
            digests.All(digest => !used.Contains(digest) || _damaged.Contains((name, digest))),
            $"removes a chunk of what is installed as {name}");
        Change(() =>
        {
            foreach (var digest in digests)
            {
                _chunks.Remove((name, digest));
                if (used.Contains(digest))
                {
                    world.Trace.Add($"{node.Name} removes a chunk that rotted, of what is installed as {name}");
                }
                else
                {
                    _damaged.Remove((name, digest));
                }
            }
        });
        return Task.CompletedTask;
    }

    public IReadOnlySet<Sha256Digest> DigestsOf(string name) => KeysOf(name).Select(key => key.Digest).ToHashSet();

    /// <summary>Nothing is there that no snapshot needs, beside what was there before.</summary>
    public void CheckNothingIsLeft(string name, IReadOnlySet<Sha256Digest>? before = null)
    {
        var used = _installed.GetValueOrDefault(name)?.Chunks.Select(chunk => chunk.Digest).ToHashSet() ?? [];
        used.UnionWith(before ?? new HashSet<Sha256Digest>());
        node.Check(KeysOf(name).All(key => used.Contains(key.Digest)), $"keeps chunks of {name} that nobody needs");
    }

    private static byte[] Value(Sha256Digest hash)
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.Length];
        hash.CopyTo(bytes);
        var value = new byte[ValueBytes];
        new Random(BinaryPrimitives.ReadInt32LittleEndian(bytes)).NextBytes(value);
        return value;
    }

    private IEnumerable<(string Name, Sha256Digest Digest)> KeysOf(string name) =>
        _chunks.Keys.Where(key => string.Equals(key.Name, name, StringComparison.Ordinal));

    private void Install(string name, SnapshotManifest manifest)
    {
        var state = new List<byte>();
        foreach (var chunk in manifest.Chunks)
        {
            var content = _chunks.GetValueOrDefault((name, chunk.Digest));
            node.Check(content is not null && chunk.IsMadeOf(content), $"installs {manifest}, of which a chunk is not whole");
            state.AddRange(content!);
        }

        if (!world.Truth.HasForks)
        {
            var expected = ChunkFormat.Cut(State(world.Truth, manifest.Clock)).SelectMany(content => content.ToArray());
            node.Check(state.SequenceEqual(expected), $"installs {manifest}, which is not the state as of these events");
            var relation = _installed.TryGetValue(name, out var before)
                ? manifest.Clock.Compare(before.Clock)
                : CausalRelation.After;
            node.Check(
                relation is CausalRelation.After || manifest.Root == before?.Root,
                $"installs {manifest} in the place of {before}");
        }

        // All of this one is whole: what is gone is missed by nobody any more.
        _damaged.RemoveWhere(key => string.Equals(key.Name, name, StringComparison.Ordinal) && !_chunks.ContainsKey(key));
        _installed[name] = manifest;
        world.Trace.Add($"{node.Name} has {manifest.Chunks.Count} chunks of {name} installed");
    }

    private void Change(Action change)
    {
        var fault = Fault.None;
        if (_next is not Fault.None && _callsBeforeFault-- == 0)
        {
            (fault, _next) = (_next, Fault.None);
        }

        Throw(fault, Fault.ErrorBefore, Fault.CrashBefore);
        change();
        Throw(fault, Fault.ErrorAfter, Fault.CrashAfter);
    }

    private static void Throw(Fault fault, Fault error, Fault crash)
    {
        if (fault == error)
        {
            throw new SimulatedDiskErrorException();
        }

        if (fault == crash)
        {
            throw new SimulatedCrashException();
        }
    }
}
