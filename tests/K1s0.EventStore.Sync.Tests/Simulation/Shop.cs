using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>The application of the simulated nodes: a few keys, so that writers meet on them, under every policy.</summary>
internal static class Shop
{
    public static readonly ReplicaId Authority = new((UInt128)1);

    private static readonly string[] Properties = ["name", "count", "tags", "note", "price"];

    private static readonly string[] Types = ["named", "counted", "tagged", "noted", "priced"];

    public static ConflictRules Rules { get; } = new ConflictRules { Authority = Authority }
        .Add("named", "name", ConflictPolicy.LastWriteWins)
        .Add("counted", "count", ConflictPolicy.Counter(e => Number(e)))
        .Add("tagged", "tags", ConflictPolicy.Set(e => Tag(e)))
        .Add("noted", "note", ConflictPolicy.AllValues)
        .Add("priced", "price", ConflictPolicy.OnlineWins);

    public static IEnumerable<ConflictKey> Keys =>
        from item in Enumerable.Range(0, 2)
        from property in Properties
        select new ConflictKey(Stream(item), property);

    public static EventEnvelope Draw(Random random, Guid id, DateTimeOffset now) => Envelope(
        id,
        Stream(random.Next(2)),
        Types[random.Next(Types.Length)],
        string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{random.Next(-5, 6)}},"tag":"t{{random.Next(3)}}","add":{{(random.Next(3) > 0 ? "true" : "false")}}}"""),
        now);

    /// <summary>One of the two streams.</summary>
    public static bool IsCritical(StreamId stream) => stream == Stream(0);

    /// <summary>The same event with some kilobytes of content that does not compress.</summary>
    public static EventEnvelope Fill(EventEnvelope drawn, Random random)
    {
        var content = new byte[random.Next(6_000)];
        random.NextBytes(content);
        var payload = Encoding.UTF8.GetString(drawn.PayloadUtf8.Span)[..^1];
        return drawn with
        {
            PayloadUtf8 = Encoding.UTF8.GetBytes($"{payload},\"content\":\"{Convert.ToBase64String(content)}\"}}"),
        };
    }

    public static long Number(EventEnvelope envelope) => envelope.Payload.GetProperty("n").GetInt64();

    public static SetChange Tag(EventEnvelope envelope) =>
        new(envelope.Payload.GetProperty("tag").GetString()!, envelope.Payload.GetProperty("add").GetBoolean());

    /// <summary>How every key stands, in words.</summary>
    public static string Show(ConflictView view)
    {
        var text = new StringBuilder();
        foreach (var key in Keys)
        {
            var resolution = view.Of(key);
            var live = resolution is null ? "" : string.Join(',', resolution.Concurrent.Select(one => one.Event.Dot).Order(Dots));
            text.Append(CultureInfo.InvariantCulture, $"{key}: {resolution?.Winner?.Event.Dot} of {live}");
            text.AppendLine(key.Property switch
            {
                "count" => string.Create(CultureInfo.InvariantCulture, $" = {view.Counter(key)}"),
                "tags" => $" = {string.Join(',', view.Set(key))}",
                _ => string.Empty,
            });
        }

        return text.ToString();
    }

    public static IComparer<Dot> Dots { get; } = Comparer<Dot>.Create((left, right) =>
        Origin.Compare(left.Origin, right.Origin) is var byOrigin and not 0 ? byOrigin : left.Sequence.CompareTo(right.Sequence));

    private static StreamId Stream(int item) => new("item", item.ToString(CultureInfo.InvariantCulture));

    private static EventEnvelope Envelope(Guid id, StreamId stream, string type, string payload, DateTimeOffset now) =>
        new(id, stream, 0, type, Encoding.UTF8.GetBytes(payload), "{}"u8.ToArray(), now);
}
