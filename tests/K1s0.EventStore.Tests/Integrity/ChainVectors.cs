namespace K1s0.EventStore.Tests;

/// <summary>The known-answer vectors of tests/vectors, as they stand in the file.</summary>
internal sealed record ChainVectors(string Format, IReadOnlyList<StreamVector> Streams);
