using System.Text.Json.Serialization;

namespace K1s0.EventStore.Benchmarks.Aggregates;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(OrderPaid))]
[JsonSerializable(typeof(OrderPacked))]
[JsonSerializable(typeof(OrderShipped))]
[JsonSerializable(typeof(OrderTotals))]
internal sealed partial class OrderJson : JsonSerializerContext;
