using System.Buffers;
using System.Text.Json;

namespace K1s0.EventStore;

/// <summary>
/// The well-known members of an event's metadata. Metadata is any JSON object; these names have a meaning for the
/// store, its indexes and its access log, and all are optional.
/// </summary>
public sealed record EventMetadata
{
    /// <summary>No members: <c>{}</c>.</summary>
    public static EventMetadata None { get; } = new();

    /// <summary>Who caused the event: a user, a service. JSON name <c>actor</c>.</summary>
    public string? Actor { get; init; }

    /// <summary>What the whole conversation has in common. JSON name <c>correlationId</c>.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The command or event that led to this one. JSON name <c>causationId</c>.</summary>
    public string? CausationId { get; init; }

    /// <summary>On whose behalf. JSON name <c>tenant</c>.</summary>
    public string? Tenant { get; init; }

    /// <summary>Why it was allowed. JSON name <c>justification</c>.</summary>
    public string? Justification { get; init; }

    /// <summary>Reads the well-known members out of an event's metadata; everything else is passed over.</summary>
    /// <param name="metadataUtf8">JSON in UTF-8. Anything but an object gives <see cref="None"/>.</param>
    /// <returns>The members that are there and are text; the last of equal names counts.</returns>
    /// <exception cref="JsonException">The bytes are not JSON.</exception>
    public static EventMetadata Read(ReadOnlySpan<byte> metadataUtf8)
    {
        if (metadataUtf8.SequenceEqual("{}"u8))
        {
            return None;
        }

        var reader = new Utf8JsonReader(
            metadataUtf8, new JsonReaderOptions { MaxDepth = EventStoreOptions.MaxSupportedJsonDepth });
        if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject)
        {
            return None;
        }

        var found = new EventMetadata();
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            found = ReadMember(ref reader, found);
        }

        return found;
    }

    /// <summary>
    /// The metadata of what an event leads to: the same correlation, or the event's id where it had none, the event's
    /// id as causation, and the same tenant.
    /// </summary>
    /// <param name="cause">The event.</param>
    /// <exception cref="JsonException">Its metadata is not JSON; a store refuses such an event at append.</exception>
    public static EventMetadata CausedBy(EventEnvelope cause)
    {
        ArgumentNullException.ThrowIfNull(cause);
        var (metadata, id) = (Read(cause.MetadataUtf8.Span), cause.Id.ToString());
        return new EventMetadata
        {
            CorrelationId = metadata.CorrelationId ?? id,
            CausationId = id,
            Tenant = metadata.Tenant,
        };
    }

    /// <summary>The members as a JSON object in UTF-8, absent ones left out.</summary>
    public ReadOnlyMemory<byte> ToUtf8()
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteMember(writer, "actor"u8, Actor);
            WriteMember(writer, "correlationId"u8, CorrelationId);
            WriteMember(writer, "causationId"u8, CausationId);
            WriteMember(writer, "tenant"u8, Tenant);
            WriteMember(writer, "justification"u8, Justification);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static EventMetadata ReadMember(ref Utf8JsonReader reader, EventMetadata found)
    {
        if (IsNamed(ref reader, "actor"u8))
        {
            return found with { Actor = ReadText(ref reader) };
        }

        if (IsNamed(ref reader, "correlationId"u8))
        {
            return found with { CorrelationId = ReadText(ref reader) };
        }

        if (IsNamed(ref reader, "causationId"u8))
        {
            return found with { CausationId = ReadText(ref reader) };
        }

        if (IsNamed(ref reader, "tenant"u8))
        {
            return found with { Tenant = ReadText(ref reader) };
        }

        if (IsNamed(ref reader, "justification"u8))
        {
            return found with { Justification = ReadText(ref reader) };
        }

        reader.Skip();
        return found;
    }

    private static bool IsNamed(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            // A name may escape a lone surrogate as well: it is no text, and so none of the names looked for.
            return false;
        }
    }

    private static string? ReadText(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType is not JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // Legal JSON may escape a lone surrogate, which is no text: the bytes are kept, the member has no value.
            return null;
        }
    }

    private static void WriteMember(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
