using FsCheck;
using FsCheck.Fluent;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Things that tests need some of.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    public static readonly StreamId Stream = new("user", "123");

    public static Origin Origin(int number, ulong incarnation = 0) => new(Replica(number), incarnation);

    public static ReplicaId Replica(int number) => new((UInt128)(uint)number);

    public static EventEnvelope Envelope(string type = "changed", string payload = "{}") =>
        EventEnvelope.Create(Stream, type, System.Text.Encoding.UTF8.GetBytes(payload), timeProvider: new ManualTime(Noon));

    /// <summary>A replica on a clock that stands at noon.</summary>
    public static Replica NewReplica(int number, TimeProvider? time = null, ReplicaOptions? options = null) =>
        new(Replica(number), new HybridClock(time ?? new ManualTime(Noon)), options);

    /// <summary>Clocks over a few origins, so that their entries often meet.</summary>
    public static Gen<VectorClock> Clocks() =>
        from entries in (from origin in Gen.Choose(1, 5)
                         from incarnation in Gen.Choose(0, 1)
                         from sequence in Gen.Choose(1, 4)
                         select new Dot(Origin(origin, (ulong)incarnation), sequence)).ListOf()
        select VectorClock.Of([.. entries]);
}
