using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace K1s0.EventStore.Archive;

/// <summary>
/// The name of an object: parts of ASCII letters, digits and <c>- _ . =</c>, with slashes between them. No part is
/// empty, begins with a dot or ends with one, so that a key is the same thing in a bucket and as a path, and never
/// leads out of its folder.
/// </summary>
public sealed record ObjectKey
{
    /// <summary>The most characters that a key has: 512.</summary>
    public const int MaxLength = 512;

    private const int MaxPartLength = 200;

    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=/");

    /// <summary>A key.</summary>
    /// <param name="value">1 to 512 characters, each part at most 200.</param>
    /// <exception cref="ArgumentException">It is no key.</exception>
    public ObjectKey(string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        Value = IsKey(value)
            ? value
            : throw new ArgumentException(
                $"'{value}' is no key: parts of ASCII letters, digits, '-', '_', '.' and '=', none empty, beginning or "
                + $"ending with a dot or longer than {MaxPartLength}, with slashes between them, {MaxLength} in all.",
                nameof(value));
    }

    /// <summary>The text.</summary>
    public string Value { get; }

    /// <summary>A key, if the text is one.</summary>
    /// <param name="value">Any text.</param>
    /// <param name="key">The key.</param>
    public static bool TryParse(string? value, [NotNullWhen(true)] out ObjectKey? key)
    {
        key = value is { Length: > 0 } && IsKey(value) ? new ObjectKey(value) : null;
        return key is not null;
    }

    /// <summary>The text.</summary>
    public override string ToString() => Value;

    private static bool IsKey(string value)
    {
        if (value.Length > MaxLength || value.AsSpan().ContainsAnyExcept(Allowed))
        {
            return false;
        }

        foreach (var range in value.AsSpan().Split('/'))
        {
            var part = value.AsSpan(range);
            if (part.Length is 0 or > MaxPartLength || part[0] == '.' || part[^1] == '.')
            {
                return false;
            }
        }

        return true;
    }
}
