using System.Text;

namespace K1s0.EventStore.Testing;

/// <summary>
/// How events are looked at: as the objects they are, or, with a serialiser, as they are stored and read again.
/// </summary>
internal sealed class StoredForm<TEvent>
    where TEvent : notnull
{
    private static readonly StreamId Stream = new("scenario", "1");

    public EventSerializer? Serializer { get; set; }

    /// <summary>The events as a reader gets them.</summary>
    public IEnumerable<TEvent> Read(IEnumerable<TEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Serializer is { } serializer
            ? events.SelectMany(happened => serializer.Decode(serializer.ToEnvelope(Stream, happened)).Cast<TEvent>())
            : events;
    }

    public bool AreEqual(TEvent expected, TEvent actual)
    {
        if (Serializer is not { } serializer)
        {
            return expected.Equals(actual);
        }

        var (one, other) = (serializer.ToEnvelope(Stream, expected), serializer.ToEnvelope(Stream, actual));
        return string.Equals(one.EventType, other.EventType, StringComparison.Ordinal)
            && one.SchemaVersion == other.SchemaVersion
            && one.PayloadUtf8.Span.SequenceEqual(other.PayloadUtf8.Span);
    }

    public string Show(TEvent happened)
    {
        if (Serializer is not { } serializer)
        {
            return happened.ToString() ?? happened.GetType().Name;
        }

        var envelope = serializer.ToEnvelope(Stream, happened);
        return $"{envelope.EventType} {Encoding.UTF8.GetString(envelope.PayloadUtf8.Span)}";
    }
}
