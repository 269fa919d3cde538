namespace K1s0.EventStore.Sqlite.Tests.Registration;

/// <summary>Tests that change the environment of the process: nothing runs beside them.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
