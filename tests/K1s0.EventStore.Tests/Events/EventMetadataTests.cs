using System.Text;
using System.Text.Json;

namespace K1s0.EventStore.Tests;

public sealed class EventMetadataTests
{
    private static readonly EventMetadata Full = new()
    {
        Actor = "alice",
        CorrelationId = "c-1",
        CausationId = "c-0",
        Tenant = "日本 \"quoted\" \\ \u0000 😀",
        Justification = "",
    };

    // Arguments that are JSON but have no member that is text.
    public static TheoryData<string> WithoutMembers =>
    [
        "{}", "{ }", "null", "true", "1", "\"actor\"", "[]", """["actor","alice"]""", """[{"actor":"alice"}]""",
        """{"actor":1}""", """{"actor":null}""", """{"actor":{"actor":"alice"}}""", """{"actor":["alice"]}""",
        """{"Actor":"alice"}""", """{"other":{"actor":"alice"}}""", """{"actors":"alice"}""",
        """{"actor":"\ud800"}""", """{"\ud800":"alice"}""", """{"\udc00ctor":"alice"}""", """{"act\ud800":"alice"}""",
    ];

    [Fact]
    public void What_is_written_is_read_back()
    {
        EventMetadata.Read(Full.ToUtf8().Span).Should().Be(Full);
        EventMetadata.Read(EventMetadata.None.ToUtf8().Span).Should().Be(EventMetadata.None);
    }

    [Fact]
    public void Absent_members_are_left_out()
    {
        Encoding.UTF8.GetString(EventMetadata.None.ToUtf8().Span).Should().Be("{}");
        Encoding.UTF8.GetString(new EventMetadata { Tenant = "t" }.ToUtf8().Span).Should().Be("""{"tenant":"t"}""");
    }

    [Theory]
    [MemberData(nameof(WithoutMembers))]
    public void Json_without_such_members_gives_none(string json) =>
        EventMetadata.Read(Encoding.UTF8.GetBytes(json)).Should().Be(EventMetadata.None);

    [Theory]
    [InlineData("""{"x":{"actor":"no"},"actor":"alice","y":[{"tenant":"no"}],"tenant":"t","z":1}""")]
    [InlineData(""" { "tenant" : "t" , "actor" : "alice" } """)]
    [InlineData("""{"\u0061ctor":"\u0061lice","tenant":"t"}""")]
    [InlineData("""{"actor":"bob","tenant":"t","actor":"alice"}""")]
    [InlineData("""{"\ud800":1,"actor":"alice","\udfff":{},"tenant":"t"}""")]
    public void Other_members_are_passed_over_and_the_last_of_equal_names_counts(string json) =>
        EventMetadata.Read(Encoding.UTF8.GetBytes(json))
            .Should().Be(new EventMetadata { Actor = "alice", Tenant = "t" });

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("""{"actor":""")]
    [InlineData("actor")]
    public void What_is_not_json_is_said_to_be_none(string text) =>
        Assert.ThrowsAny<JsonException>(() => EventMetadata.Read(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Metadata_as_deep_as_any_store_accepts_is_read()
    {
        var deep = new string('[', EventStoreOptions.MaxSupportedJsonDepth - 1)
            + new string(']', EventStoreOptions.MaxSupportedJsonDepth - 1);

        EventMetadata.Read(Encoding.UTF8.GetBytes($$"""{"x":{{deep}},"actor":"alice"}""")).Actor.Should().Be("alice");
    }
}
