using System.Text.Json;

namespace K1s0.EventStore;

/// <summary>One difference between two JSON values.</summary>
/// <param name="Path">Where, as a JSON Pointer (RFC 6901); empty for the whole value.</param>
/// <param name="Kind">What became of it.</param>
/// <param name="Before">The value before; null when it was added.</param>
/// <param name="After">The value after; null when it was removed.</param>
public sealed record JsonChange(string Path, JsonChangeKind Kind, JsonElement? Before, JsonElement? After)
{
    /// <summary>The change on one line, for people.</summary>
    public override string ToString() => Kind switch
    {
        JsonChangeKind.Added => $"+ {Path}: {After?.GetRawText()}",
        JsonChangeKind.Removed => $"- {Path}: {Before?.GetRawText()}",
        _ => $"~ {Path}: {Before?.GetRawText()} -> {After?.GetRawText()}",
    };
}
