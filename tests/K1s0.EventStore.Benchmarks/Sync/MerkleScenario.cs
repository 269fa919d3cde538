using System.Diagnostics;
using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sync;

namespace K1s0.EventStore.Benchmarks.Sync;

/// <summary>
/// Compares 10,000 items with a set that lacks some, both sides in this process. The other side sends everything it has and
/// the receiver looks each item up.
/// </summary>
internal sealed class MerkleScenario(string name, int differences, Goal goal) : SidesInTurn
{
    private const int Items = 10_000;

    private readonly Random _random = new(1);
    private MerkleItem[] _whole = [];
    private MerkleItem[] _partial = [];
    private MerkleIndex? _wholeIndex;
    private MerkleIndex? _partialIndex;
    private MerkleDifference? _last;

    public override string Name => name;

    public override IReadOnlyList<Figure> Figures { get; } = [new Figure(name, "ms", goal, IsTime: true)];

    public override IReadOnlyList<string> Notes => _last is null ? [] :
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"{_last.OnlyLocal.Count} found, {_last.NodesCompared} comparisons, {_last.BytesSent + _last.BytesReceived:#,0} bytes, {_last.Rounds} rounds; plain: {Items * (16 + Sha256Digest.Length):#,0} bytes"),
    ];

    public override Task SetUpAsync(BenchmarkDatabase database)
    {
        _whole = [.. Enumerable.Range(0, Items).Select(_ => Some())];
        _partial = _whole[differences..];
        (_wholeIndex, _partialIndex) = (MerkleIndex.Build(_whole), MerkleIndex.Build(_partial));
        return base.SetUpAsync(database);
    }

    protected override Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) => Measure(duration, () =>
    {
        _last = MerkleDiff.Between(_wholeIndex!, _partialIndex!);
        return _last.OnlyLocal.Count;
    });

    protected override Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) => Measure(duration, () =>
    {
        var received = new byte[_partial.Length * (16 + Sha256Digest.Length)];
        for (var i = 0; i < _partial.Length; i++)
        {
            _partial[i].Key.CopyTo(received.AsMemory(i * 48));
            _partial[i].Value.CopyTo(received.AsSpan((i * 48) + 16));
        }

        var known = new Dictionary<UInt128, Sha256Digest>(_partial.Length);
        for (var at = 0; at < received.Length; at += 48)
        {
            known[Key(received.AsSpan(at, 16))] = new Sha256Digest(received.AsSpan(at + 16, Sha256Digest.Length));
        }

        return _whole.Count(item => !known.TryGetValue(Key(item.Key.Span), out var value) || value != item.Value);
    });

    private static UInt128 Key(ReadOnlySpan<byte> bytes) => System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);

    private MerkleItem Some()
    {
        var bytes = new byte[16 + Sha256Digest.Length];
        _random.NextBytes(bytes);
        return new MerkleItem(bytes.AsMemory(0, 16), new Sha256Digest(bytes.AsSpan(16)));
    }

    private Task<IReadOnlyList<double>> Measure(TimeSpan duration, Func<int> compare)
    {
        var (count, began) = (0, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            count += compare() == differences ? 1 : throw new InvalidOperationException("The difference is wrong.");
        }

        return Task.FromResult<IReadOnlyList<double>>([Stopwatch.GetElapsedTime(began).TotalMilliseconds / count]);
    }
}
