using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Postgres.Tests.Appending;

/// <summary>Appends at the limits of the contract.</summary>
public sealed class LargeAppendTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_thousand_events_in_one_append(bool headIsKnown)
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        var writer = headIsKnown ? store : store.Reopen();
        var events = Some.Events(stream, 1_000);

        var result = await writer.Store.AppendAsync(stream, events, 1);

        result.Version.Value.Should().Be(1_001);
        (result.LastPosition.Value - result.FirstPosition.Value).Should().Be(999);
        (await store.Store.LoadAsync(stream, fromVersion: 2)).Select(envelope => envelope.Id)
            .Should().Equal(events.Select(envelope => envelope.Id));
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(1_001);
    }

    [Fact]
    public async Task A_hundred_streams_in_one_append()
    {
        var store = await database.NewStoreAsync();
        StreamAppend[] appends =
            [.. Enumerable.Range(0, 100).Select(_ => Some.Append(Some.Stream(), 10, ExpectedVersion.NoStream))];

        var results = await store.Store.AppendAsync(appends);

        results.Select(result => result.StreamId).Should().Equal(appends.Select(append => append.StreamId));
        results.Should().OnlyContain(result => result.Version == new StreamVersion(10));
        (await store.FeedAsync()).Select(envelope => envelope.Id)
            .Should().Equal(appends.SelectMany(append => append.Events).Select(envelope => envelope.Id));
        foreach (var append in appends)
        {
            (await store.VerifyAsync(append.StreamId)).VerifiedEvents.Should().Be(10);
        }
    }

    [Fact]
    public async Task A_hundred_streams_of_which_the_last_is_refused_leave_nothing()
    {
        var store = await database.NewStoreAsync();
        var taken = Some.Stream();
        await store.Store.AppendAsync(taken, Some.Events(taken, 1), 0);
        var before = await store.ContentAsync();
        StreamAppend[] appends =
        [
            .. Enumerable.Range(0, 99).Select(_ => Some.Append(Some.Stream())),
            Some.Append(taken, 1, ExpectedVersion.NoStream),
        ];

        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(() => store.Store.AppendAsync(appends));

        conflict.StreamId.Should().Be(taken);
        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task Names_bytes_depth_and_times_at_their_limits_come_back_as_they_went_in()
    {
        var store = await database.NewStoreAsync();
        var stream = new StreamId(new string('\u5e97', 85), string.Concat(Enumerable.Repeat("\ud83d\udce6", 125)));
        var depth = new EventStoreOptions().MaxJsonDepth;
        EventEnvelope[] events =
        [
            Event(stream, new string('\u00e9', 127) + "x", "1", "{}", new(1, 1, 2, 0, 0, 0, TimeSpan.Zero), 1),
            Event(stream, "t", "1", "{}", new(9998, 12, 31, 23, 59, 59, 999, 999, TimeSpan.Zero), int.MaxValue),
            Event(stream, "t", $"\"{new string('x', (1024 * 1024) - 2)}\"", "{}", DateTimeOffset.UnixEpoch, 1),
            Event(stream, "t", "1", Member("note", new string('x', 65_525)), DateTimeOffset.UnixEpoch.AddTicks(-10), 1),
            Event(stream, "t", new string('[', depth) + new string(']', depth), "{}", DateTimeOffset.UnixEpoch, 1),
            Event(stream, "t", "1", Member("actor", new string('\u5e97', 20_000)), DateTimeOffset.UnixEpoch, 1),
            Event(stream, "t", "1", """{"actor":"\u0000","correlationId":"\ud800"}""", DateTimeOffset.UnixEpoch, 1),
            Event(stream, "t", """{"a":1.0,"a":1e2,"\u0000":"\u0000"}""", "[]", DateTimeOffset.UnixEpoch, 1),
        ];

        await store.Store.AppendAsync(stream, events, 0);

        (await store.Reopen().Store.LoadAsync(stream))
            .Should().Equal(events.Select((envelope, index) => envelope with { Version = index + 1 }));
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(events.Length);
        (await store.FeedAsync(new FeedFilter { StreamPrefix = stream.ToString() })).Should().HaveCount(events.Length);
    }

    private static string Member(string name, string value) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"{{name}}":"{{value}}"}""");

    private static EventEnvelope Event(
        StreamId stream, string type, string payload, string metadata, DateTimeOffset occurredAt, int schemaVersion) =>
        new(
            Guid.CreateVersion7(),
            stream,
            0,
            type,
            (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(payload),
            (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(metadata),
            occurredAt)
        {
            SchemaVersion = schemaVersion,
        };
}
