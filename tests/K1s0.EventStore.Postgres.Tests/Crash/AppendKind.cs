namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>The kinds of append that are cut.</summary>
public enum AppendKind
{
    NewStream,
    AnyVersion,
    ExactVersion,
    StreamExists,
    SeveralStreams,
}
