using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using K1s0.EventStore.Compression;

namespace K1s0.EventStore;

/// <summary>
/// Turns states into JSON and back, by generated code when <see cref="EventStoreOptions.SerializerOptions"/> names it,
/// by reflection otherwise where the application allows it. Thread-safe.
/// </summary>
/// <remarks>
/// A <see cref="SnapshotFrame"/> is written as its bytes, and the state in one is read like any other.
/// </remarks>
public sealed class SnapshotSerializer
{
    private readonly JsonSerializerOptions _options;

    /// <summary>A serialiser.</summary>
    /// <param name="options">
    /// How to serialise; null for the defaults, by reflection. Options without a resolver get reflection as well.
    /// </param>
    /// <exception cref="InvalidOperationException">Reflection is needed and switched off.</exception>
    public SnapshotSerializer(JsonSerializerOptions? options) =>
        _options = options?.TypeInfoResolver is null ? ByReflection(options) : options;

    /// <summary>The state as JSON in UTF-8.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="state">The state.</param>
    public byte[] Serialize<TState>(TState state) =>
        state is SnapshotFrame frame ? frame.ToBytes() : JsonSerializer.SerializeToUtf8Bytes(state, TypeInfo<TState>());

    /// <summary>The state from its JSON.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="stateUtf8">JSON in UTF-8, or the bytes of a frame.</param>
    /// <exception cref="InvalidFormatException">A frame is damaged, or asked for where there is none.</exception>
    public TState Deserialize<TState>(ReadOnlySpan<byte> stateUtf8)
    {
        if (typeof(TState) == typeof(SnapshotFrame))
        {
            return (TState)(object)SnapshotFrame.Parse(stateUtf8);
        }

        return stateUtf8 is [var first, ..] && first == SnapshotFrame.FirstByte
            ? JsonSerializer.Deserialize(
                SnapshotFrame.Parse(stateUtf8).Unpack(CompressionCodecs.OfSystem, Array.MaxLength), TypeInfo<TState>())!
            : JsonSerializer.Deserialize(stateUtf8, TypeInfo<TState>())!;
    }

    private JsonTypeInfo<TState> TypeInfo<TState>() => (JsonTypeInfo<TState>)_options.GetTypeInfo(typeof(TState));

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Reached only where reflection is on.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Reached only where reflection is on.")]
    private static JsonSerializerOptions ByReflection(JsonSerializerOptions? options) =>
        JsonSerializer.IsReflectionEnabledByDefault
            ? new JsonSerializerOptions(options ?? JsonSerializerOptions.Web)
            {
                TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            }
            : throw new InvalidOperationException(
                "Reflection-based serialisation is switched off in this application: set "
                + "EventStoreOptions.SerializerOptions to options whose TypeInfoResolver is a generated "
                + "JsonSerializerContext.");
}
