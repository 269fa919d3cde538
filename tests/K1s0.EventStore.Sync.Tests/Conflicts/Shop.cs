using System.Text.Json;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>The rules of an application with every policy, and events for them.</summary>
internal static class Shop
{
    public const int Authority = 1;

    public static ConflictKey Email { get; } = new(Some.Stream, "email");

    public static ConflictKey Status { get; } = new(Some.Stream, "status");

    public static ConflictKey Stock { get; } = new(Some.Stream, "stock");

    public static ConflictKey Tags { get; } = new(Some.Stream, "tags");

    public static ConflictKey Note { get; } = new(Some.Stream, "note");

    public static ConflictKey Highest { get; } = new(Some.Stream, "highest");

    public static ConflictRules Rules() => new ConflictRules { Authority = Some.Replica(Authority) }
        .Add("property-updated", envelope => envelope.Payload.GetProperty("property").GetString(), ConflictPolicy.LastWriteWins)
        .Add("status-changed", "status", ConflictPolicy.OnlineWins)
        .Add("stock-changed", "stock", ConflictPolicy.Counter(envelope => envelope.Payload.GetProperty("delta").GetInt64()))
        .Add("tags-changed", "tags", ConflictPolicy.Set(ReadTag))
        .Add("note-changed", "note", ConflictPolicy.AllValues)
        .Add("bid-made", "highest", ConflictPolicy.Merge(new HighestBid()));

    public static EventEnvelope EmailChanged(string value) =>
        Some.Envelope("property-updated", $$"""{"property":"email","value":"{{value}}"}""");

    public static EventEnvelope StatusChanged(string value) => Some.Envelope("status-changed", $"\"{value}\"");

    public static EventEnvelope StockChanged(long delta) => Some.Envelope("stock-changed", $$"""{"delta":{{delta}}}""");

    public static EventEnvelope TagAdded(string tag) => Some.Envelope("tags-changed", $$"""{"add":"{{tag}}"}""");

    public static EventEnvelope TagRemoved(string tag) => Some.Envelope("tags-changed", $$"""{"remove":"{{tag}}"}""");

    public static EventEnvelope NoteChanged(string value) => Some.Envelope("note-changed", $"\"{value}\"");

    public static EventEnvelope BidMade(int amount) => Some.Envelope("bid-made", $"{amount}");

    private static SetChange ReadTag(EventEnvelope envelope) =>
        envelope.Payload.TryGetProperty("add", out var added)
            ? new SetChange(added.GetString()!, IsAdd: true)
            : new SetChange(envelope.Payload.GetProperty("remove").GetString()!, IsAdd: false);

    public sealed class HighestBid : IStateMerge<int>
    {
        public int Read(EventEnvelope envelope) => JsonElement.Parse(envelope.PayloadUtf8.Span).GetInt32();

        public int Merge(int left, int right) => Math.Max(left, right);
    }
}
