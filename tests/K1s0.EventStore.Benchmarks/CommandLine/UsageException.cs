namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>The command line says something that cannot be done; the message is for whoever typed it.</summary>
internal sealed class UsageException(string message) : Exception(message);
