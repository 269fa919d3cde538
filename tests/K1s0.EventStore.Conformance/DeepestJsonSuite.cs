using System.Text;
using System.Text.Json;

namespace K1s0.EventStore.Conformance;

/// <summary>The deepest and largest JSON that any configuration allows.</summary>
public abstract class DeepestJsonSuite : ConformanceSuite
{
    private const int Deepest = EventStoreOptions.MaxSupportedJsonDepth;

    public static TheoryData<string, string> Brackets => new()
    {
        { "[", "]" },
        { """{"a":""", "}" },
        { "[1,", "]" },
        { "[[],", "]" },
    };

    [Theory]
    [MemberData(nameof(Brackets))]
    public async Task The_deepest_json_that_is_supported_is_kept_and_can_be_parsed(string open, string close)
    {
        var stream = NewStream();
        var json = Nested(open, close, Deepest);
        var envelope = AnEvent(stream, json) with { MetadataUtf8 = Encoding.UTF8.GetBytes(json) };

        await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);

        var loaded = (await LoadAsync(stream)).Should().ContainSingle().Subject;
        loaded.Should().Be(envelope with { Version = 1 });
        loaded.Payload.GetRawText().Should().Be(json);
        loaded.Metadata.ValueKind.Should().BeOneOf(JsonValueKind.Array, JsonValueKind.Object);
        loaded.Actor.Should().BeNull();
    }

    [Theory]
    [MemberData(nameof(Brackets))]
    public async Task One_level_more_is_refused_as_too_deep(string open, string close)
    {
        var stream = NewStream();

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Store.AppendAsync(
                stream, [AnEvent(stream, Nested(open, close, Deepest + 1))], cancellationToken: Cancellation),
            stream);

        refusal.Reason.Should().Be(InvalidEventReason.TooDeep);
    }

    [Fact]
    public async Task A_mistake_at_the_deepest_level_is_a_mistake_and_not_too_deep()
    {
        var stream = NewStream();
        var mistake = new string('[', Deepest) + "1 x" + new string(']', Deepest);

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Store.AppendAsync(stream, [AnEvent(stream, mistake)], cancellationToken: Cancellation), stream);

        refusal.Reason.Should().Be(InvalidEventReason.NotJson);
    }

    protected override EventStoreOptions CreateOptions() => new() { MaxJsonDepth = Deepest };

    private static string Nested(string open, string close, int depth)
    {
        // "[[]," already holds one level more than it opens.
        var levels = open.EndsWith("[],", StringComparison.Ordinal) ? depth - 1 : depth;
        return string.Concat(Enumerable.Repeat(open, levels)) + "1" + string.Concat(Enumerable.Repeat(close, levels));
    }
}
