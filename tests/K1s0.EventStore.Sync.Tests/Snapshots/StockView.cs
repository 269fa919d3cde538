using System.Text;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>A fold that an application would write: the last value that was written for each article, and how often.</summary>
internal sealed class StockView
{
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);

    // What the state holds already when it comes from a snapshot.
    private VectorClock _frontier = VectorClock.Empty;

    public IReadOnlyDictionary<string, string> Values => _values;

    public int Applied { get; private set; }

    public static EventEnvelope Change(string article, string value) =>
        Some.Envelope(payload: $$"""{"article":"{{article}}","value":"{{value}}"}""");

    public void Apply(DeliveredEvent delivered)
    {
        if (_frontier.Covers(delivered.Event.Dot))
        {
            return;
        }

        Applied++;
        var payload = delivered.Event.Envelope.Payload;
        var article = payload.GetProperty("article").GetString()!;
        var count = _values.TryGetValue(article, out var before) ? int.Parse(before.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) : 0;
        _values[article] = $"{count + 1} {payload.GetProperty("value").GetString()}";
    }

    public IEnumerable<SnapshotEntry> Capture() => [.. SomeSnapshots.Entries(_values)];

    public static async Task<StockView> LoadAsync(InstalledSnapshot snapshot)
    {
        var view = new StockView { _frontier = snapshot.Manifest.Clock };
        await foreach (var entry in snapshot.ReadEntriesAsync())
        {
            view._values.Add(Encoding.UTF8.GetString(entry.Key.Span), Encoding.UTF8.GetString(entry.Value.Span));
        }

        return view;
    }
}
