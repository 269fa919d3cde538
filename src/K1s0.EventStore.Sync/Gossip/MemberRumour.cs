namespace K1s0.EventStore.Sync;

/// <summary>What somebody says of a member.</summary>
/// <param name="Address">Which member.</param>
/// <param name="Incarnation">
/// How often the member had contradicted when this was said of it: who hears older words does not believe them.
/// </param>
/// <param name="State">What is said.</param>
internal readonly record struct MemberRumour(string Address, long Incarnation, MemberState State);
