using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// Text with one spelling for each value, so that what was read is written back byte for byte, and no changed byte goes
/// unnoticed.
/// </summary>
internal static class StrictText
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>UTF-8 without control characters other than newline.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!System.Text.Unicode.Utf8.IsValid(utf8))
        {
            return false;
        }

        foreach (var value in utf8)
        {
            if (value < ' ' && value != '\n')
            {
                return false;
            }
        }

        text = Utf8.GetString(utf8);
        return true;
    }

    /// <summary>
    /// The bytes of text; null when it has a lone surrogate, or a control character other than newline.
    /// </summary>
    public static byte[]? TryEncode(string text)
    {
        try
        {
            var utf8 = Utf8.GetBytes(text);
            return TryDecode(utf8, out _) ? utf8 : null;
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Base64 after RFC 4648, section 4, with padding, without white space or stray bits.</summary>
    public static bool TryBase64(ReadOnlySpan<char> base64, [NotNullWhen(true)] out byte[]? bytes)
    {
        var buffer = new byte[(base64.Length / 4 * 3) + 3];
        bytes = Convert.TryFromBase64Chars(base64, buffer, out var length) ? buffer[..length] : null;
        return bytes is not null && base64.SequenceEqual(Convert.ToBase64String(bytes));
    }

    /// <summary>A digest in base64.</summary>
    public static bool TryDigest(ReadOnlySpan<char> base64, out Sha256Digest digest)
    {
        var isDigest = TryBase64(base64, out var bytes) && bytes.Length == Sha256Digest.Length;
        digest = isDigest ? new Sha256Digest(bytes) : default;
        return isDigest;
    }

    /// <summary>Decimal digits of a number from 0 to 2^63 - 1, without leading zeros.</summary>
    public static bool TryNumber(ReadOnlySpan<char> digits, out long number) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && (digits.Length == 1 || digits[0] != '0');

    /// <summary>Takes the text up to the next newline, which must be there, off the front.</summary>
    public static bool TryLine(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> line)
    {
        var end = rest.IndexOf('\n');
        line = end < 0 ? default : rest[..end];
        rest = end < 0 ? rest : rest[(end + 1)..];
        return end >= 0;
    }

    /// <summary>Takes a word and the one space behind it off the front.</summary>
    public static bool TryPrefix(ref ReadOnlySpan<char> line, ReadOnlySpan<char> prefix)
    {
        var isThere = line.StartsWith(prefix, StringComparison.Ordinal);
        line = isThere ? line[prefix.Length..] : line;
        return isThere;
    }
}
