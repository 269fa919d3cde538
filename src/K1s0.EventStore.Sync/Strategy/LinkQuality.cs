namespace K1s0.EventStore.Sync;

/// <summary>How good the link to a peer is, as measured by the sessions with it.</summary>
/// <param name="State">What kind of link that makes it.</param>
/// <param name="RoundTrip">
/// The shortest round trip of the last five minutes in which there was one; null before.
/// </param>
/// <param name="RoundTripVariation">How far round trips lie from each other, later ones counting more.</param>
/// <param name="BytesPerSecond">
/// The most that was confirmed in a second, within the last minute in which enough was under way to tell; null before.
/// </param>
/// <param name="Loss">The part of the sessions that were no whole round, 0 to 1, later ones counting more.</param>
public sealed record LinkQuality(
    LinkState State, TimeSpan? RoundTrip, TimeSpan RoundTripVariation, double? BytesPerSecond, double Loss);
