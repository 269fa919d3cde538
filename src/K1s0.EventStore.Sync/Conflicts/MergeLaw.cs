namespace K1s0.EventStore.Sync;

/// <summary>A law that a merge must keep.</summary>
public enum MergeLaw
{
    /// <summary>The same arguments give the same state each time.</summary>
    Deterministic,

    /// <summary><c>a + b = b + a</c>.</summary>
    Commutative,

    /// <summary><c>(a + b) + c = a + (b + c)</c>.</summary>
    Associative,

    /// <summary><c>a + a = a</c>.</summary>
    Idempotent,
}
