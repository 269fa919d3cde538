namespace K1s0.EventStore.Archive;

/// <summary>An object as it is listed.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Length">The length of its content in bytes.</param>
public sealed record ObjectEntry(ObjectKey Key, long Length);
