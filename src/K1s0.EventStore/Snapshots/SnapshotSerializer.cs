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
    /// <summary>The longest JSON of a state that is read out of a frame, before compression: 256 MiB.</summary>
    public const int MaxStateBytes = 256 * 1024 * 1024;

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
    /// <exception cref="DecompressionException">
    /// The state in a frame is damaged, or longer than <see cref="MaxStateBytes"/>.
    /// </exception>
    public TState Deserialize<TState>(ReadOnlySpan<byte> stateUtf8)
    {
        if (typeof(TState) == typeof(SnapshotFrame))
        {
            return (TState)(object)SnapshotFrame.Parse(stateUtf8);
        }

        return IsFrame(stateUtf8)
            ? Unpack<TState>(SnapshotFrame.Parse(stateUtf8))
            : JsonSerializer.Deserialize(stateUtf8, TypeInfo<TState>())!;
    }

    /// <summary>The snapshot that a store keeps.</summary>
    /// <typeparam name="TState">The type of the state; <see cref="SnapshotFrame"/> for the frame as it is.</typeparam>
    /// <param name="streamId">The stream that it is kept for.</param>
    /// <param name="stateName">The name that it is kept under; empty for none.</param>
    /// <param name="version">The version that it is kept with.</param>
    /// <param name="stateUtf8">What <see cref="Serialize"/> gave.</param>
    /// <param name="takenAt">When it was saved.</param>
    /// <exception cref="InvalidFormatException">
    /// A frame is damaged, asked for where there is none, or holds another state or version than it is kept as.
    /// </exception>
    /// <exception cref="DecompressionException">
    /// The state in a frame is damaged, or longer than <see cref="MaxStateBytes"/>.
    /// </exception>
    public Snapshot<TState> ToSnapshot<TState>(
        StreamId streamId, string stateName, long version, ReadOnlySpan<byte> stateUtf8, DateTimeOffset takenAt)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentNullException.ThrowIfNull(stateName);
        var isFrameWanted = typeof(TState) == typeof(SnapshotFrame);
        if (isFrameWanted || !IsFrame(stateUtf8))
        {
            return new Snapshot<TState>(streamId, version, Deserialize<TState>(stateUtf8), takenAt)
            {
                StateName = stateName,
            };
        }

        var frame = SnapshotFrame.Parse(stateUtf8);
        if (stateName.Length > 0 && !string.Equals(frame.StateName, stateName, StringComparison.Ordinal))
        {
            throw new InvalidFormatException(
                SnapshotFrame.FormatName, $"it holds the state {frame.StateName}, and is kept as {stateName}.");
        }

        if (frame.Version.Value != version)
        {
            throw new InvalidFormatException(
                SnapshotFrame.FormatName, $"it holds version {frame.Version}, and is kept as version {version}.");
        }

        return new Snapshot<TState>(streamId, version, Unpack<TState>(frame), takenAt)
        {
            StateName = stateName,
            StateVersion = frame.StateVersion,
        };
    }

    private static bool IsFrame(ReadOnlySpan<byte> stateUtf8) =>
        stateUtf8 is [var first, ..] && first == SnapshotFrame.FirstByte;

    private TState Unpack<TState>(SnapshotFrame frame) => JsonSerializer.Deserialize(
        frame.Unpack(CompressionCodecs.OfSystem, MaxStateBytes), TypeInfo<TState>())!;

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
