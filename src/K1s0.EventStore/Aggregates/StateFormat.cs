using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace K1s0.EventStore;

/// <summary>
/// How a state is kept as JSON, and of which fold it is the result. Immutable and thread-safe.
/// </summary>
/// <typeparam name="TState">The state.</typeparam>
public sealed class StateFormat<TState>
{
    private readonly Func<TState, byte[]> _serialize;
    private readonly Func<byte[], TState> _deserialize;

    internal StateFormat(string name, int version, Func<TState, byte[]> serialize, Func<byte[], TState> deserialize)
    {
        ConsumerName.Check(name, nameof(name));
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        (Name, Version, _serialize, _deserialize) = (name, version, serialize, deserialize);
    }

    /// <summary>The name of the state.</summary>
    public string Name { get; }

    /// <summary>
    /// The version of the fold and of the state's shape. Raise it when events add up to something else than before:
    /// snapshots of other versions are not used.
    /// </summary>
    public int Version { get; }

    /// <summary>The state as JSON in UTF-8.</summary>
    /// <param name="state">The state.</param>
    public byte[] Serialize(TState state) => _serialize(state);

    /// <summary>The state from its JSON.</summary>
    /// <param name="stateUtf8">JSON in UTF-8.</param>
    /// <exception cref="JsonException">It is not this state.</exception>
    public TState Deserialize(byte[] stateUtf8) => _deserialize(stateUtf8);
}

/// <summary>Makes formats of states.</summary>
public static class StateFormat
{
    /// <summary>Keeps the state itself, by generated code.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="stateType">How to serialise, usually from a <c>JsonSerializerContext</c>.</param>
    /// <param name="version">The version of the fold: 1 or more.</param>
    /// <param name="name">The name of the state; null for that of its type.</param>
    public static StateFormat<TState> Json<TState>(
        JsonTypeInfo<TState> stateType, int version = 1, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(stateType);
        return Json(stateType, static state => state, static kept => kept, version, name ?? typeof(TState).Name);
    }

    /// <summary>Keeps something that the state can be made of again, by generated code.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TKept">What is kept.</typeparam>
    /// <param name="keptType">How to serialise it, usually from a <c>JsonSerializerContext</c>.</param>
    /// <param name="keep">What is kept of a state.</param>
    /// <param name="restore">The state that it came from, equal in everything that matters.</param>
    /// <param name="version">The version of the fold: 1 or more.</param>
    /// <param name="name">The name of the state; null for that of its type.</param>
    public static StateFormat<TState> Json<TState, TKept>(
        JsonTypeInfo<TKept> keptType,
        Func<TState, TKept> keep,
        Func<TKept, TState> restore,
        int version = 1,
        string? name = null)
    {
        ArgumentNullException.ThrowIfNull(keptType);
        ArgumentNullException.ThrowIfNull(keep);
        ArgumentNullException.ThrowIfNull(restore);
        return new StateFormat<TState>(
            name ?? typeof(TState).Name,
            version,
            state => JsonSerializer.SerializeToUtf8Bytes(keep(state), keptType),
            bytes => restore(JsonSerializer.Deserialize(bytes, keptType)!));
    }

    /// <summary>Keeps the state itself, by reflection: not for trimmed programs.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="version">The version of the fold: 1 or more.</param>
    /// <param name="name">The name of the state; null for that of its type.</param>
    [RequiresUnreferencedCode("Serialises by reflection. Trimmed programs pass a JsonTypeInfo to Json.")]
    [RequiresDynamicCode("Serialises by reflection. Programs compiled ahead of time pass a JsonTypeInfo to Json.")]
    public static StateFormat<TState> JsonByReflection<TState>(int version = 1, string? name = null)
    {
        var options = new JsonSerializerOptions(JsonSerializerOptions.Web)
        {
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        return Json((JsonTypeInfo<TState>)options.GetTypeInfo(typeof(TState)), version, name);
    }
}
