using System.Globalization;
using System.Text;
using System.Text.Json;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Reads the members of one line in the order in which they have to stand.</summary>
internal ref struct ManifestLine
{
    private Utf8JsonReader _reader;

    public ManifestLine(ReadOnlySpan<byte> line)
    {
        _reader = new Utf8JsonReader(line);
        Expect(_reader.Read() && _reader.TokenType is JsonTokenType.StartObject);
        Advance();
    }

    public long Number(ReadOnlySpan<byte> name)
    {
        Value(name);
        Expect(_reader.TokenType is JsonTokenType.Number);
        var number = _reader.GetInt64();
        Expect(number >= 0);
        Advance();
        return number;
    }

    public int Count(ReadOnlySpan<byte> name) => checked((int)Number(name));

    public string Text(ReadOnlySpan<byte> name)
    {
        Value(name);
        Expect(_reader.TokenType is JsonTokenType.String && !_reader.ValueIsEscaped);
        var text = _reader.GetString()!;
        Advance();
        return text;
    }

    public Guid Id(ReadOnlySpan<byte> name) => Guid.ParseExact(Text(name), "D");

    public Sha256Digest Digest(ReadOnlySpan<byte> name)
    {
        var text = Text(name);
        Expect(text.All(char.IsAsciiHexDigitLower));
        return Sha256Digest.Parse(text);
    }

    public DateTimeOffset Time(ReadOnlySpan<byte> name)
    {
        var text = Text(name);
        var time = new DateTimeOffset(DateTime.ParseExact(
            text,
            EventLine.TimeFormat,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal));
        return time;
    }

    public void End() => Expect(_reader.TokenType is JsonTokenType.EndObject && !_reader.Read());

    // Behind the name, on the value.
    private void Value(ReadOnlySpan<byte> name)
    {
        if (_reader.TokenType is not JsonTokenType.PropertyName || !_reader.ValueTextEquals(name))
        {
            throw new FormatException($"{Encoding.UTF8.GetString(name)} is missing");
        }

        Advance();
    }

    private void Advance() => Expect(_reader.Read());

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new FormatException("a token stands where it should not");
        }
    }
}
