namespace K1s0.EventStore;

/// <summary>What a reader does with an event that it does not know, or whose payload it cannot decode.</summary>
public enum UnknownEvents
{
    /// <summary>Strict: the read ends in <see cref="EventNotUnderstoodException"/>.</summary>
    Refuse,

    /// <summary>
    /// Tolerant: the event is handed out as an <see cref="UnknownEvent"/>, and counted
    /// (<see cref="Telemetry.SerializationTelemetry.NotUnderstood"/>).
    /// </summary>
    HandOver,
}
