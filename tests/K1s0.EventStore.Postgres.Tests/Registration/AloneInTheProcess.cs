namespace K1s0.EventStore.Postgres.Tests.Registration;

/// <summary>Tests that set environment variables, which belong to the whole process, run while no others do.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
