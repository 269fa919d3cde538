using System.Globalization;
using Xunit.Sdk;

namespace K1s0.EventStore.Conformance;

/// <summary>An expected version as the argument of a test, with a readable name.</summary>
public sealed class Expectation : IXunitSerializable
{
    private string _text = "any";

    public static Expectation Any => new() { _text = "any" };

    public static Expectation NoStream => new() { _text = "no stream" };

    public static Expectation StreamExists => new() { _text = "stream exists" };

    public ExpectedVersion Value => _text switch
    {
        "any" => ExpectedVersion.Any,
        "no stream" => ExpectedVersion.NoStream,
        "stream exists" => ExpectedVersion.StreamExists,
        _ => ExpectedVersion.From(long.Parse(_text, CultureInfo.InvariantCulture)),
    };

    public static Expectation Exactly(long version) => new() { _text = version.ToString(CultureInfo.InvariantCulture) };

    public void Deserialize(IXunitSerializationInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        _text = info.GetValue<string>("text")!;
    }

    public void Serialize(IXunitSerializationInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        info.AddValue("text", _text);
    }

    public override string ToString() => _text;
}
