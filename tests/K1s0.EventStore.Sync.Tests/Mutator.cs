namespace K1s0.EventStore.Sync.Tests;

/// <summary>Damages what is whole. Of one thread; what it gives is good until it is asked again.</summary>
internal sealed class Mutator(Random random)
{
    private byte[] _bytes = [];

    public Random Random { get; } = random;

    /// <summary>A copy with one byte changed, or several; never the same.</summary>
    public ReadOnlyMemory<byte> Damage(ReadOnlySpan<byte> whole)
    {
        var damaged = Copy(whole);
        do
        {
            damaged.Span[Random.Next(damaged.Length)] ^= (byte)Random.Next(1, 256);
        }
        while (Random.Next(2) == 0 || damaged.Span.SequenceEqual(whole));

        return damaged;
    }

    /// <summary>A copy in which some bytes behind the first are whatever they are.</summary>
    public ReadOnlyMemory<byte> ChangeBehindFirst(ReadOnlySpan<byte> whole, int mostChanges)
    {
        var changed = Copy(whole);
        for (var changes = Random.Next(1, mostChanges + 1); changes > 0; changes--)
        {
            changed.Span[Random.Next(1, changed.Length)] = (byte)Random.Next(256);
        }

        return changed;
    }

    private Memory<byte> Copy(ReadOnlySpan<byte> whole)
    {
        if (_bytes.Length < whole.Length)
        {
            _bytes = new byte[whole.Length];
        }

        whole.CopyTo(_bytes);
        return _bytes.AsMemory(0, whole.Length);
    }
}
