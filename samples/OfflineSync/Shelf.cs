using System.Globalization;
using System.Text;
using System.Text.Json;
using K1s0.EventStore.Sync;

namespace K1s0.EventStore.Samples.OfflineSync;

/// <summary>The application: one article on a shelf, of which every node may change everything at any time.</summary>
internal sealed class Shelf
{
    private static readonly StreamId Article = new("article", "teapot");

    private readonly ConflictView _view = new(new ConflictRules()
        .Add("name", "name", ConflictPolicy.LastWriteWins)
        .Add("price", "price", ConflictPolicy.LastWriteWins)
        .Add("stock", "stock", ConflictPolicy.Counter(e => e.Payload.GetInt64()))
        .Add("tag", "tags", ConflictPolicy.Set(e => new SetChange(e.Payload.GetString() ?? string.Empty, IsAdd: true))));

    /// <summary>Name, price, stock and tags.</summary>
    public string Values => string.Join('|', Value("name"), Value("price"), Stock, Tags);

    /// <summary>Who won against whom.</summary>
    public string Conflicts => string.Join('|', _view.Conflicts
        .Where(conflict => conflict.Key.Property is "name" or "price")
        .Select(conflict => $"{conflict.Key.Property}: {Text(conflict.Winner!.Value)} wins over {string.Join(", ", conflict.Losers.Select(Text))}")
        .Order(StringComparer.Ordinal));

    private string Stock => _view.Counter(Key("stock")).ToString(CultureInfo.InvariantCulture);

    private string Tags => string.Join(',', _view.Set(Key("tags")));

    public static EventEnvelope Change(string property, string value) => EventEnvelope.Create(
        Article,
        property,
        Encoding.UTF8.GetBytes(property is "stock" or "price" ? value : $"\"{JsonEncodedText.Encode(value)}\""));

    public void Apply(DeliveredEvent delivered) => _view.Apply(delivered);

    private static ConflictKey Key(string property) => new(Article, property);

    private static string Text(DeliveredEvent one) => one.Event.Envelope.Payload.ToString();

    private string Value(string property) => _view.Of(Key(property))?.Winner is { } winner ? Text(winner) : "-";
}
