namespace K1s0.EventStore;

/// <summary>What one append has so far, over all of its streams, against its limits.</summary>
internal sealed class AppendTotals(EventStoreOptions options)
{
    private readonly HashSet<Guid> _ids = [];
    private long _bytes;

    public void Add(EventEnvelope envelope, string parameterName)
    {
        if (!_ids.Add(envelope.Id))
        {
            throw new InvalidEventException(
                envelope.Id, InvalidEventReason.DuplicateId, "its id stands twice in one append.");
        }

        if (_ids.Count > options.MaxEventsPerAppend)
        {
            throw new ArgumentOutOfRangeException(
                parameterName,
                $"An append has at most {options.MaxEventsPerAppend} events (EventStoreOptions.MaxEventsPerAppend).");
        }

        _bytes += envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length;
        if (_bytes > options.MaxBytesPerAppend)
        {
            throw new ArgumentOutOfRangeException(
                parameterName,
                $"An append has at most {options.MaxBytesPerAppend} bytes of payload and metadata "
                + "(EventStoreOptions.MaxBytesPerAppend).");
        }
    }
}
