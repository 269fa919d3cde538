using System.Text.Json.Serialization;

namespace K1s0.EventStore.Architecture.Tests.Snippets;

// snippet: json-context
[JsonSerializable(typeof(OrderPlaced))]
internal sealed partial class OrderEvents : JsonSerializerContext;

// end-snippet
