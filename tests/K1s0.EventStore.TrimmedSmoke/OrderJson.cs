using System.Text.Json.Serialization;

namespace K1s0.EventStore.TrimmedSmoke;

/// <summary>All serialisation of this program: generated, because reflection is switched off.</summary>
[JsonSerializable(typeof(OrderPaid))]
[JsonSerializable(typeof(OrderState))]
internal sealed partial class OrderJson : JsonSerializerContext;
