using System.Text.Json.Serialization;

namespace K1s0.EventStore.Samples.Ledger;

[JsonSerializable(typeof(Payment))]
internal sealed partial class PaymentJson : JsonSerializerContext;
