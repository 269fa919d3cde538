using K1s0.EventStore.Archive;

namespace K1s0.EventStore.ObjectStores;

/// <summary>A call of an object store, as faults are planned for it.</summary>
/// <param name="Number">The number of the call, from 1.</param>
/// <param name="Method">The name of the method of <see cref="IObjectStore"/>.</param>
/// <param name="Key">The key, or the prefix of a list.</param>
/// <param name="BytesRead">How many bytes it returned; filled in afterwards.</param>
public sealed record ObjectCall(int Number, string Method, string Key, long BytesRead = 0);
