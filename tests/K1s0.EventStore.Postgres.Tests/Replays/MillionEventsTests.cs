using System.Globalization;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Replays;

public sealed class MillionEventsTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const long Limit = 32L << 20;
    private const long Streams = 1_000;
    private const long EventsAStream = 1_000;

    [Fact]
    [Trait("Row", "X05")]
    [Trait("Row", "X14")]
    public async Task A_million_events_are_read_and_replayed_by_a_process_whose_heap_is_limited_to_32_MB()
    {
        var store = await database.NewStoreAsync();
        await FillAsync(store);

        await using var process = await ChildProcess.StartAsync(
            typeof(MillionEventsTests).Assembly,
            [Program.Role, SmallHeapProcess.Role, database.ConnectionString, store.Name],
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["DOTNET_GCHeapHardLimit"] = string.Create(CultureInfo.InvariantCulture, $"0x{Limit:X}"),
            });
        var said = new List<long>();
        while (await process.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            said.Add(long.Parse(line, CultureInfo.InvariantCulture));
        }

        (await process.Exited).Should().Be(0);
        said.Should().HaveCount(5);
        said[0].Should().Be(Limit, "the runtime keeps to the limit, and dies of it otherwise");
        said[1].Should().Be(Streams * EventsAStream);
        said[2].Should().Be(Streams * EventsAStream);
        said[3].Should().Be(Streams * EventsAStream * (EventsAStream + 1) / 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"at most {said[4]} bytes on the heap");
    }

    // Written by the server itself: what is tested is reading.
    private static Task FillAsync(TestStore store) => store.ExecuteAsync(
        $$"""
        insert into {s}.events (position, stream_key, version, schema_version, occurred_at, recorded_at, event_id,
          previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, metadata, payload)
        select nextval('{s}.positions'), n % {{Streams}}, n / {{Streams}} + 1, 1, t.now, t.now, gen_random_uuid(),
          null, t.digest, t.digest, 'order', (n % {{Streams}})::text, 'ItemAdded', convert_to('{"actor":"alice"}', 'UTF8'),
          convert_to('{"quantity":' || n || ',"note":"' || repeat('x', 160) || '"}', 'UTF8')
        from generate_series(0, {{(Streams * EventsAStream) - 1}}) n,
          (select clock_timestamp() as now, sha256('digest') as digest) t
        """);
}
