using System.Buffers;
using System.Text;

namespace K1s0.EventStore;

/// <summary>
/// Which events of the feed to return. Every member that is set must hold; a store filters where the data is.
/// </summary>
/// <remarks>
/// Text that no name can have (with a control character or a lone surrogate) is refused with an
/// <see cref="ArgumentException"/> when the member is set.
/// </remarks>
public sealed record FeedFilter
{
    /// <summary>One of these event types; null or empty for all.</summary>
    public IReadOnlyCollection<string>? EventTypes
    {
        get;
        init => field = Checked(value, nameof(EventTypes));
    }

    /// <summary>A stream of one of these aggregate types; null or empty for all.</summary>
    public IReadOnlyCollection<string>? StreamTypes
    {
        get;
        init => field = Checked(value, nameof(StreamTypes));
    }

    /// <summary>
    /// A stream whose text (<c>type-id</c>) begins with this, compared ordinally; null or empty for all.
    /// </summary>
    public string? StreamPrefix
    {
        get;
        init => field = value is null ? null : Checked(value, nameof(StreamPrefix));
    }

    /// <summary>Recorded at this time or later; null for no limit.</summary>
    public DateTimeOffset? RecordedFrom { get; init; }

    /// <summary>Recorded before this time; null for no limit.</summary>
    public DateTimeOffset? RecordedBefore { get; init; }

    /// <summary>
    /// Whether the filter lets the event through: the specification that every store's own filter must equal.
    /// </summary>
    /// <param name="envelope">A stored event.</param>
    public bool Matches(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return (EventTypes is not { Count: > 0 } || EventTypes.Contains(envelope.EventType, StringComparer.Ordinal))
            && (StreamTypes is not { Count: > 0 }
                || StreamTypes.Contains(envelope.StreamId.AggregateType, StringComparer.Ordinal))
            && (string.IsNullOrEmpty(StreamPrefix)
                || envelope.StreamId.ToString().StartsWith(StreamPrefix, StringComparison.Ordinal))
            && (RecordedFrom is null || envelope.RecordedAt >= RecordedFrom)
            && (RecordedBefore is null || envelope.RecordedAt < RecordedBefore);
    }

    private static IReadOnlyCollection<string>? Checked(IReadOnlyCollection<string>? names, string member)
    {
        foreach (var name in names ?? [])
        {
            Checked(name, member);
        }

        return names;
    }

    private static string Checked(string text, string member)
    {
        ArgumentNullException.ThrowIfNull(text, member);
        var rest = text.AsSpan();
        for (int used; !rest.IsEmpty; rest = rest[used..])
        {
            if (Rune.DecodeFromUtf16(rest, out var rune, out used) is not OperationStatus.Done || Rune.IsControl(rune))
            {
                throw new ArgumentException(
                    $"{member} must not contain control characters or lone surrogates.", member);
            }
        }

        return text;
    }
}
