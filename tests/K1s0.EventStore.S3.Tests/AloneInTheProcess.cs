namespace K1s0.EventStore.S3.Tests;

/// <summary>For tests that look at the memory of the whole process: no others run meanwhile.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
