using System.Text.Json.Serialization;

namespace K1s0.EventStore.Samples.Projections.Domain;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Deposited))]
[JsonSerializable(typeof(Withdrawn))]
internal sealed partial class AccountJson : JsonSerializerContext;
