using System.Text.Json.Serialization;

namespace K1s0.EventStore.Tests;

[JsonSerializable(typeof(OrderPlaced))]
internal sealed partial class OrderJson : JsonSerializerContext;
