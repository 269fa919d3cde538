using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Reading;

/// <summary>Which stream an envelope that was read says it belongs to.</summary>
public sealed class StreamIdentityTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Events_of_a_stream_share_the_id_that_was_asked_for()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3));

        var loaded = await store.Store.LoadAsync(stream);

        loaded.Should().HaveCount(3).And.OnlyContain(envelope => ReferenceEquals(envelope.StreamId, stream));
    }

    [Fact]
    public async Task Events_of_a_stream_on_one_page_of_the_feed_share_an_id_also_when_other_streams_come_between()
    {
        var store = await database.NewStoreAsync();
        StreamId[] streams = [Some.Stream(), Some.Stream(), Some.Stream()];
        for (var round = 0; round < 3; round++)
        {
            foreach (var stream in streams)
            {
                await store.Store.AppendAsync(stream, Some.Events(stream, 1));
            }
        }

        var page = (await store.Store.ReadFeedPageAsync(Position.Start, null, 100)).Events;

        page.Select(envelope => envelope.StreamId).Should().Equal([.. streams, .. streams, .. streams]);
        page.Select(envelope => envelope.StreamId).Distinct(ReferenceEqualityComparer.Instance)
            .Should().HaveCount(streams.Length);
    }

    [Theory]
    [InlineData("stream_type")]
    [InlineData("stream_id")]
    public async Task An_event_that_was_given_another_name_says_so(string column)
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3));
        await store.ExecuteAsync(
            $"set session_replication_role = replica; update {"{s}"}.events set {column} = 'another' "
            + $"where stream_id = '{stream.AggregateId}' and version = 2; set session_replication_role = origin");

        var loaded = await store.Store.LoadAsync(stream);

        var finding = StreamVerifier.Verify(stream, loaded).Finding;
        finding!.Kind.Should().Be(StreamFindingKind.ForeignEvent);
        finding.Version.Value.Should().Be(2);
        loaded[1].StreamId.Should().Be(column is "stream_type"
            ? stream with { AggregateType = "another" }
            : stream with { AggregateId = "another" });
    }
}
