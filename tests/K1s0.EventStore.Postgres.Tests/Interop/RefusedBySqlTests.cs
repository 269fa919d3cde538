using System.Globalization;

namespace K1s0.EventStore.Postgres.Tests.Interop;

/// <summary>
/// What append_event refuses is what the library would refuse or could not read back: one such event would stop every
/// reader of the feed.
/// </summary>
[Trait("Row", "K14")]
public sealed class RefusedBySqlTests(PsqlServer server) : IClassFixture<PsqlServer>
{
    private const string TooDeep = "repeat('[', 1001) || repeat(']', 1001)";

    public static TheoryData<string> Refused => new(
        "'order', '1', 0, 'T', 'no json'",
        "'order', '1', 0, 'T', ''",
        "'order', '1', 0, 'T', '{\"a\":1,}'",
        "'order', '1', 0, 'T', '1', 'no json'",
        "'order', '1', 0, 'T', null",
        "'order', '1', 0, 'T', '1', null",
        "'order', '1', 0, null, '1'",
        "null, '1', 0, 'T', '1'",
        "'order', null, 0, 'T', '1'",
        "'', '1', 0, 'T', '1'",
        "'order', '', 0, 'T', '1'",
        "'order', '1', 0, '', '1'",
        "repeat('x', 256), '1', 0, 'T', '1'",
        "repeat('\u00e9', 128), '1', 0, 'T', '1'",
        "'order', repeat('x', 501), 0, 'T', '1'",
        "'order', '1', 0, repeat('x', 256), '1'",
        "E'or\\tder', '1', 0, 'T', '1'",
        "'order', E'\\u007f', 0, 'T', '1'",
        "'order', E'next\\u0085line', 0, 'T', '1'",
        "'order', '1', 0, E'\\u009f', '1'",
        "'order', '1', 0, 'T', '1', '{}', '00000000-0000-0000-0000-000000000000'",
        "'order', '1', 0, 'T', '1', '{}', null",
        "'order', '1', 0, 'T', '1', occurred_at => null",
        "'order', '1', 0, 'T', '1', occurred_at => 'infinity'",
        "'order', '1', 0, 'T', '1', occurred_at => '-infinity'",
        "'order', '1', 0, 'T', '1', occurred_at => '0044-03-15 BC'",
        "'order', '1', 0, 'T', '1', occurred_at => '9999-01-01 00:00:00+00'",
        "'order', '1', 0, 'T', '1', schema_version => 0",
        "'order', '1', 0, 'T', '1', schema_version => null",
        "'order', '1', -1, 'T', '1'",
        $"'order', '1', 0, 'T', {TooDeep}",
        $"'order', '1', 0, 'T', '1', {TooDeep}",
        "'order', '1', 0, 'T', repeat('[', 100000)",
        "'order', '1', 0, 'T', '1', '\"' || repeat('x', 1024 * 1024) || '\"'");

    public static TheoryData<string> Accepted => new(
        "'1', '{\"actor\":\"\\u0000\"}'",
        "'1', '{\"actor\":\"alice\",\"note\":\"\\ud800\"}'",
        "'1', '{\"actor\":17,\"correlationId\":{\"a\":1}}'",
        "'1', '{\"actor\":\"' || repeat('x', 10000) || '\"}'",
        "'1', '{\"actor\":\"\"}'",
        "'1', '[]'",
        "'1', 'null'",
        "repeat('[', 1000) || repeat(']', 1000)",
        "'\"' || repeat('[{', 2000) || '\\\"' || repeat('[{', 2000) || '\"'",
        "repeat(' ', 5000) || '[' || repeat('[],', 3000) || '0]'",
        "'1', occurred_at => '0001-01-02 00:00:00+00'",
        "'1', occurred_at => '9998-12-31 23:59:59.999999+00'",
        "'1', schema_version => 2147483647");

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_the_library_could_not_read_back_ends_with_ES422_and_writes_nothing(string arguments)
    {
        var store = await server.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);

        await server.RefusedAsync(store, "ES422", $"select {{s}}.append_event({arguments})");
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public async Task What_is_odd_but_legal_is_kept_and_read_back(string arguments)
    {
        var store = await server.NewStoreAsync();
        var stream = new StreamId("order", "1");

        (await server.RunAsync(store, $"select {{s}}.append_event('order', '1', 0, 'T', {arguments})"))
            .Should().Equal("1");

        var envelope = (await store.Store.LoadAsync(stream)).Single();
        envelope.Payload.ValueKind.Should().NotBe(System.Text.Json.JsonValueKind.Undefined);
        envelope.Metadata.ValueKind.Should().NotBe(System.Text.Json.JsonValueKind.Undefined);
        (await store.VerifyAsync(stream)).IsValid.Should().BeTrue();
        (await store.FeedAsync()).Should().ContainSingle();
    }

    [Fact]
    public async Task The_library_and_sql_index_the_same_members_of_metadata()
    {
        var store = await server.NewStoreAsync();
        var (longest, tooLong) = (new string('x', 500), new string('x', 501));
        string[] members =
            ["\"alice\"", "\"\"", "17", "null", $"\"{longest}\"", $"\"{tooLong}\"", "\"\\u0000\""];
        foreach (var (member, index) in members.Select((member, index) => (member, index)))
        {
            var metadata = $$"""{"actor":"first","actor":{{member}},"correlationId":{{member}}}""";
            var stream = new StreamId("library", index.ToString(CultureInfo.InvariantCulture));
            await store.Store.AppendAsync(
                stream, [Some.Event(stream) with { MetadataUtf8 = System.Text.Encoding.UTF8.GetBytes(metadata) }]);
            await server.RunAsync(store, $"select {{s}}.append_event('sql', '{index}', 0, 'T', '1', $j${metadata}$j$)");
        }

        var differences = await store.ColumnAsync<string>(
            """
            select stream_id from (
              select stream_id, actor, correlation_id from {s}.events where stream_type = 'library'
              except
              select stream_id, actor, correlation_id from {s}.events where stream_type = 'sql') d
            """);

        differences.Should().BeEmpty();
        (await store.ScalarAsync<long>("select count(actor) from {s}.events")).Should().Be(4);
    }
}
