using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>How every key has to stand, from the definitions: every event is compared with every other.</summary>
internal static class Oracle
{
    /// <summary>The same words as <see cref="Shop.Show"/>.</summary>
    public static string Show(IReadOnlyCollection<DeliveredEvent> events)
    {
        var (text, accepted) = (new StringBuilder(), Accepted(events));
        var byKey = events.ToLookup(one => Shop.Rules.Find(one.Event.Envelope)?.Key);
        foreach (var key in Shop.Keys)
        {
            var touching = byKey[key].ToArray();
            var live = touching.Where(one => !touching.Any(other => IsPast(one, other))).ToArray();
            var shown = string.Join(',', live.Select(one => one.Event.Dot).Order(Shop.Dots));
            text.Append(CultureInfo.InvariantCulture, $"{key}: {Winner(key, live, accepted)} of {shown}");
            text.AppendLine(key.Property switch
            {
                "count" => string.Create(CultureInfo.InvariantCulture, $" = {touching.Sum(one => Shop.Number(one.Event.Envelope))}"),
                "tags" => $" = {string.Join(',', Tags(touching))}",
                _ => string.Empty,
            });
        }

        return text.ToString();
    }

    private static bool IsPast(DeliveredEvent one, DeliveredEvent other) =>
        one.Event.Dot != other.Event.Dot && other.Clock.Covers(one.Event.Dot);

    private static Dot? Winner(ConflictKey key, DeliveredEvent[] live, Dictionary<Dot, int> accepted)
    {
        var isUndecided = live.Length == 0 || (string.Equals(key.Property, "note", StringComparison.Ordinal) && live.Length > 1);
        var online = string.Equals(key.Property, "price", StringComparison.Ordinal)
            ? live.Where(one => accepted.ContainsKey(one.Event.Dot)).OrderBy(one => accepted[one.Event.Dot]).ToArray()
            : [];
        return isUndecided ? null
            : online.Length > 0 ? online[0].Event.Dot
            : live.OrderBy(one => one.Event.Time).ThenBy(one => one.Event.Dot, Shop.Dots).Last().Event.Dot;
    }

    private static IEnumerable<string> Tags(DeliveredEvent[] touching) => touching
        .Select(one => (One: one, Change: Shop.Tag(one.Event.Envelope)))
        .Where(one => one.Change.IsAdd && !touching.Any(other =>
            IsPast(one.One, other)
            && string.Equals(Shop.Tag(other.Event.Envelope).Element, one.Change.Element, StringComparison.Ordinal)))
        .Select(one => one.Change.Element)
        .Distinct(StringComparer.Ordinal)
        .Order(StringComparer.Ordinal);

    // The authority has accepted what it wrote itself, and what its stamps name: its place in that order.
    private static Dictionary<Dot, int> Accepted(IReadOnlyCollection<DeliveredEvent> events)
    {
        var accepted = new Dictionary<Dot, int>();
        foreach (var one in events.Where(one => one.Event.Dot.Origin.Replica == Shop.Authority)
            .OrderBy(one => one.Event.Time).ThenBy(one => one.Event.Dot, Shop.Dots))
        {
            accepted.TryAdd(one.Event.Dot, accepted.Count);
            if (string.Equals(one.Event.Envelope.EventType, AuthorityStamp.EventType, StringComparison.Ordinal))
            {
                AuthorityStamp.Read(one.Event.Envelope).ToList().ForEach(dot => accepted.TryAdd(dot, accepted.Count));
            }
        }

        return accepted;
    }
}
