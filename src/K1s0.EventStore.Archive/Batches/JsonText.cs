using System.Globalization;

namespace K1s0.EventStore.Archive;

/// <summary>JSON as a string of JSON.</summary>
internal static class JsonText
{
    /// <summary>
    /// The bytes in quotes. No more is escaped than has to be, so that JSON becomes at most twice as long: line ends,
    /// quotes and backslashes take two bytes, other control characters do not stand in JSON, and letters of any
    /// language stay as they are.
    /// </summary>
    public static byte[] Of(ReadOnlySpan<byte> json)
    {
        var text = GC.AllocateUninitializedArray<byte>(LengthOf(json));
        text[0] = text[^1] = (byte)'"';
        var at = 1;
        foreach (var value in json)
        {
            if (value is >= (byte)' ' and not ((byte)'"' or (byte)'\\'))
            {
                text[at++] = value;
            }
            else
            {
                at += Escape(value, text.AsSpan(at));
            }
        }

        return text;
    }

    private static int LengthOf(ReadOnlySpan<byte> json)
    {
        var length = json.Length + 2;
        foreach (var value in json)
        {
            length += value switch
            {
                (byte)'"' or (byte)'\\' or (byte)'\n' or (byte)'\r' or (byte)'\t' => 1,
                < (byte)' ' => 5,
                _ => 0,
            };
        }

        return length;
    }

    private static int Escape(byte value, Span<byte> text)
    {
        text[0] = (byte)'\\';
        text[1] = value switch
        {
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            < (byte)' ' => (byte)'u',
            _ => value,
        };
        if (text[1] is not (byte)'u')
        {
            return 2;
        }

        "00"u8.CopyTo(text[2..]);
        value.TryFormat(text[4..], out _, "x2", CultureInfo.InvariantCulture);
        return 6;
    }
}
