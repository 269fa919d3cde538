using System.Text.Json;

namespace K1s0.EventStore.Tests.TimeTravel;

public sealed class JsonDifferenceTests
{
    [Theory]
    [Trait("Row", "L21")]
    [InlineData("""{"a":1}""", """{"a":1.0}""", "")]
    [InlineData("""{"a":1,"b":2}""", """{"b":2,"a":1}""", "")]
    [InlineData("1", "2", "~ : 1 -> 2")]
    [InlineData("""{"a":1}""", "[1]", """~ : {"a":1} -> [1]""")]
    [InlineData("""{"a":null}""", "{}", "- /a: null")]
    [InlineData("{}", """{"a":null}""", "+ /a: null")]
    [InlineData("""{"a":{"b":[1,{"c":2}]}}""", """{"a":{"b":[1,{"c":3}]}}""", "~ /a/b/1/c: 2 -> 3")]
    [InlineData("[1,2,3]", "[1,3]", "~ /1: 2 -> 3|- /2: 3")]
    [InlineData("""{"a/b":1,"c~d":1}""", """{"a/b":2,"c~d":2}""", "~ /a~1b: 1 -> 2|~ /c~0d: 1 -> 2")]
    [InlineData("""{"gone":1,"same":2}""", """{"new":3,"same":2}""", "- /gone: 1|+ /new: 3")]
    public void Differences_are_named_by_path_and_kind(string before, string after, string expected) =>
        string.Join('|', JsonDifference.Between(JsonElement.Parse(before), JsonElement.Parse(after)))
            .Should().Be(expected);
}
