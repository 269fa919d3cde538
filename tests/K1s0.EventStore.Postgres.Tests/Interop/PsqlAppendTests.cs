using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Postgres.Tests.Interop;

/// <summary>A program without this library appends and reads through the documented SQL functions.</summary>
[Trait("Row", "K14")]
public sealed class PsqlAppendTests(PsqlServer server) : IClassFixture<PsqlServer>
{
    private static readonly StreamId Stream = new("order", "\u5e97-42 \ud83d\udce6 'quoted'");

    private const string Print = "select {0} from {s}.read_stream('order', '\u5e97-42 \ud83d\udce6 ''quoted'''{1})";

    // The one that is repeated.
    private const string FixedId =
        "event_id => '01890a5d-ac96-774b-bcce-b302099a8057', occurred_at => '2001-02-03 04:05:06+00')";

    private const string Call = "select {s}.append_event('order', '\u5e97-42 \ud83d\udce6 ''quoted''', ";

    [Fact]
    public async Task Events_of_psql_alone_are_loaded_and_verified()
    {
        var store = await server.NewStoreAsync();

        var versions = await server.RunAsync(
            store,
            $$"""
            {{Call}} 0, 'OrderPlaced', $j${"total": 12.50, "total":1e2}$j$,
              $j${"actor":"alice","correlationId":"c-1"}$j$);
            {{Call}} 1, 'Ümlaut', $j$"\u0000 Grüße 📦"$j$,
              event_id => '01890a5d-ac96-774b-bcce-b302099a8057',
              occurred_at => '2001-02-03 04:05:06.789012+05:30', schema_version => 7);
            {{Call}} null, 'OrderShipped', ' [ ] ', '[1]');
            """);

        versions.Should().Equal("1", "2", "3");
        var events = await store.Store.LoadAsync(Stream);
        events.Select(envelope => Encoding.UTF8.GetString(envelope.PayloadUtf8.Span))
            .Should().Equal("""{"total": 12.50, "total":1e2}""", "\"\\u0000 Grüße 📦\"", " [ ] ");
        events.Select(envelope => envelope.EventType).Should().Equal("OrderPlaced", "Ümlaut", "OrderShipped");
        events[0].Actor.Should().Be("alice");
        events[1].Id.Should().Be(Guid.Parse("01890a5d-ac96-774b-bcce-b302099a8057"));
        events[1].OccurredAt.Should().Be(new DateTimeOffset(2001, 2, 2, 22, 35, 6, 789, 12, TimeSpan.Zero));
        events[1].SchemaVersion.Should().Be(7);
        events[1].PreviousEventId.Should().Be(events[0].Id);
        var verification = await store.VerifyAsync(Stream);
        verification.Finding.Should().BeNull();
        verification.VerifiedEvents.Should().Be(3);
        (await store.FeedAsync(new FeedFilter { EventTypes = ["Ümlaut"] })).Should().ContainSingle();
        (await store.ColumnAsync<string>(
            "select actor || ' ' || correlation_id from {s}.events where actor is not null"))
            .Should().Equal("alice c-1");
    }

    [Fact]
    public async Task A_stale_append_of_psql_ends_with_ES409_and_writes_nothing()
    {
        var store = await server.NewStoreAsync();
        await server.RunAsync(store, $"{Call} 0, 'OrderPlaced', '1')");

        (await server.RefusedAsync(store, "ES409", $"{Call} 0, 'OrderPlaced', '2')"))
            .Should().Contain("is at version 1, not 0");
        await server.RefusedAsync(store, "ES409", $"{Call} 2, 'OrderPlaced', '2')");
        await server.RefusedAsync(store, "ES409", "select {s}.append_event('order', 'new', 1, 'OrderPlaced', '2')");
    }

    [Fact]
    public async Task A_repeated_append_of_psql_returns_the_same_version_and_stores_one_copy()
    {
        var store = await server.NewStoreAsync();
        const string append = $"{Call} 0, 'OrderPlaced', '1', {FixedId}";

        (await server.RunAsync(store, $"{append}; {Call} 1, 'OrderShipped', '2'); {append}"))
            .Should().Equal("1", "2", "1");

        (await store.FeedAsync()).Should().HaveCount(2);
        (await server.RefusedAsync(store, "ES422", append.Replace("'1'", "'2'", StringComparison.Ordinal)))
            .Should().Contain("01890a5d-ac96-774b-bcce-b302099a8057");
    }

    [Fact]
    public async Task A_repetition_of_psql_in_another_month_finds_the_event()
    {
        var store = await server.NewStoreAsync();
        const string append = $"{Call} null, 'OrderPlaced', '1', {FixedId}";

        (await server.RunAsync(
            store, $"{append}; update {{s}}.store set recorded_floor = now() + interval '1 month'; {append}"))
            .Should().Equal("1", "1");

        (await store.FeedAsync()).Should().ContainSingle();
    }

    [Fact]
    public async Task Psql_and_the_library_take_turns_on_one_stream()
    {
        var store = await server.NewStoreAsync();
        for (var version = 0; version < 6; version += 3)
        {
            await store.Store.AppendAsync(Stream, Some.Events(Stream, 2), version);
            await server.RunAsync(
                store, string.Create(CultureInfo.InvariantCulture, $"{Call} {version + 2}, 'OrderShipped', '2')"));
        }

        (await store.VerifyAsync(Stream)).VerifiedEvents.Should().Be(6);
    }

    [Fact]
    public async Task Psql_prints_what_the_library_appended()
    {
        var store = await server.NewStoreAsync();
        var other = Some.Stream();
        EventEnvelope[] events =
        [
            Some.Event(Stream, """{"note":"Grüße 📦"}""", "Ümlaut", new EventMetadata { Actor = "bob" }),
            Some.Event(Stream, "[]"),
        ];
        await store.Store.AppendAsync(Stream, events, 0);
        await store.Store.AppendAsync(other, Some.Events(other, 1), 0);

        (await server.RunAsync(
                store,
                Printing("version, event_id, event_type, payload, metadata")))
            .Should().Equal(
                string.Join('\t', 1, events[0].Id, "Ümlaut", """{"note":"Grüße 📦"}""", """{"actor":"bob"}"""),
                string.Join('\t', 2, events[1].Id, "ItemAdded", "[]", """{"actor":"alice"}"""));
        (await server.RunAsync(store, Printing("version", ", 2"))).Should().Equal("2");
        (await server.RunAsync(store, "select stream_id, payload from {s}.read_feed(0, 2)"))
            .Should().Equal($"{Stream.AggregateId}\t{{\"note\":\"Grüße 📦\"}}", $"{Stream.AggregateId}\t[]");
        (await server.RunAsync(
            store, "select stream_id from {s}.read_feed((select max(position) - 1 from {s}.events))"))
            .Should().Equal(other.AggregateId);
        (await server.RunAsync(store, $"{Printing("encode(chain_hash, 'hex')")} offset 1"))
            .Should().Equal((await store.Store.GetHeadAsync(Stream)).ChainHash.ToString());
    }

    private static string Printing(string columns, string arguments = "") => Print
        .Replace("{0}", columns, StringComparison.Ordinal)
        .Replace("{1}", arguments, StringComparison.Ordinal);
}
