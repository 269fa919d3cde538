namespace K1s0.EventStore;

/// <summary>What a replay of parked events came to.</summary>
/// <param name="Replayed">Events that were handled and are not parked any more.</param>
/// <param name="StillParked">Events that are parked afterwards: they failed again, or wait behind one that did.</param>
public sealed record ParkedReplay(int Replayed, int StillParked);
