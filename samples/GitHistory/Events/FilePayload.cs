namespace K1s0.EventStore.Samples.GitHistory.Events;

/// <summary>What an event says about a file.</summary>
/// <param name="Mode">git's mode; null when the file was deleted.</param>
/// <param name="Blob">The id of the content; null when the file was deleted.</param>
/// <param name="RawPath">The bytes of the path, when the name of the stream is not simply the path.</param>
internal sealed record FilePayload(string? Mode, string? Blob, byte[]? RawPath);
