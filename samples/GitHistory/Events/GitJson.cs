using System.Text.Json.Serialization;

namespace K1s0.EventStore.Samples.GitHistory.Events;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FilePayload))]
[JsonSerializable(typeof(CommitMetadata))]
internal sealed partial class GitJson : JsonSerializerContext;
