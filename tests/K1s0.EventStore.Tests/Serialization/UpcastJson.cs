using System.Text.Json.Serialization;

namespace K1s0.EventStore.Tests.Serialization;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PricePut))]
[JsonSerializable(typeof(NamePut))]
internal sealed partial class UpcastJson : JsonSerializerContext;
