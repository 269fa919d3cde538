using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// Where a replay has come to, in a form that can be written down: the partition of an event and its offset there. A
/// selection that goes on behind it begins with the next event, in any process.
/// </summary>
/// <param name="Partition">
/// The hour that the event was recorded in, <c>yyyy/MM/dd/HH</c> in UTC (<see cref="EventEnvelope.PartitionKey"/>).
/// </param>
/// <param name="Offset">The position of the event: it alone says where to go on.</param>
public sealed record ReplayPlace(string Partition, Position Offset)
{
    private const string PartitionFormat = "yyyy'/'MM'/'dd'/'HH";

    /// <summary>The place of a stored event.</summary>
    /// <param name="envelope">The event.</param>
    public static ReplayPlace Of(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return new ReplayPlace(envelope.PartitionKey, envelope.Position);
    }

    internal static ReplayPlace Of(EventUnreadableException unreadable) => new(
        unreadable.RecordedAt.UtcDateTime.ToString(PartitionFormat, CultureInfo.InvariantCulture),
        unreadable.Position);

    /// <summary>Reads what <see cref="ToString"/> gave.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is no place.</exception>
    public static ReplayPlace Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var place)
            ? place
            : throw new FormatException($"'{text}' is no place of a replay, like 2026/01/31/23@4711.");
    }

    /// <summary>Reads what <see cref="ToString"/> gave.</summary>
    /// <param name="text">The text.</param>
    /// <param name="place">The place; null when it is none.</param>
    /// <returns>Whether the text is a place.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out ReplayPlace? place)
    {
        place = text?.Split('@') is [var partition, var digits]
            && DateTime.TryParseExact(
                partition, PartitionFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
                ? new ReplayPlace(partition, new Position(offset))
                : null;
        return place is not null;
    }

    /// <summary>Partition and offset with an at sign between them.</summary>
    public override string ToString() => $"{Partition}@{Offset}";
}
