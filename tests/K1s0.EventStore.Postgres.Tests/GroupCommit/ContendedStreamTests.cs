namespace K1s0.EventStore.Postgres.Tests.GroupCommit;

/// <summary>Many callers of one process want one stream.</summary>
public sealed class ContendedStreamTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact(Timeout = Eventually.Milliseconds)]
    [Trait("PeerBug", "B09")]
    public async Task One_of_those_that_expect_the_same_version_wins_and_the_others_are_told_where_the_stream_is()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await using var writer = await BlockedWriter.CreateAsync(store);

        var appends = Enumerable.Range(0, 20)
            .Select(_ => writer.Store.AppendAsync(stream, Some.Events(stream, 2), 0)).ToArray();
        await writer.ReleaseAsync();

        (await appends[0]).Version.Value.Should().Be(2, "appends to a stream keep the order of their calls");
        foreach (var late in appends[1..])
        {
            var conflict = await Assert.ThrowsAsync<ConcurrencyException>(() => late);
            (conflict.ExpectedVersion, conflict.ActualVersion).Should().Be((0, 2));
        }

        (await store.Store.LoadAsync(stream)).Should().HaveCount(2, "who lost left no trace");
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_late_append_that_is_stored_already_gets_the_answer_that_it_got_then()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        var earlier = Some.Events(stream, 1);
        var answer = await store.Store.AppendAsync(stream, earlier, 0);
        await using var writer = await BlockedWriter.CreateAsync(store);

        var winner = writer.Store.AppendAsync(stream, Some.Events(stream, 1), 1);
        var loser = writer.Store.AppendAsync(stream, Some.Events(stream, 1), 1);
        var repeated = writer.Store.AppendAsync(stream, earlier, 0);
        await writer.ReleaseAsync();

        (await winner).Version.Value.Should().Be(2);
        await Assert.ThrowsAsync<ConcurrencyException>(() => loser);
        (await repeated).Should().Be(answer with { WasRepeated = true });
        (await store.Store.LoadAsync(stream)).Should().HaveCount(2);
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task What_the_process_believes_of_a_stream_refuses_nothing_by_itself()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await using var writer = await BlockedWriter.CreateAsync(store);
        await store.ExecuteAsync(
            $"create table {"{s}"}.kept as select * from {"{s}"}.streams where stream_id = '{stream.AggregateId}'");
        await store.Store.AppendAsync(stream, Some.Events(stream, 2), 1);
        await writer.Store.LoadAsync(stream);

        // The server comes back from a backup in which the stream has one event.
        await store.ExecuteAsync(
            $"""
            set session_replication_role = replica;
            delete from {"{s}"}.events where stream_id = '{stream.AggregateId}' and version > 1;
            delete from {"{s}"}.event_ids i using {"{s}"}.kept k where i.stream_key = k.stream_key and i.version > 1;
            update {"{s}"}.streams s set version = k.version, head_hash = k.head_hash, head_event_id = k.head_event_id,
              prior_version = k.prior_version, prior_hash = k.prior_hash, prior_event_id = k.prior_event_id
            from {"{s}"}.kept k where s.stream_key = k.stream_key;
            set session_replication_role = origin
            """);
        var first = writer.Store.AppendAsync(stream, Some.Events(stream, 1));
        var second = writer.Store.AppendAsync(stream, Some.Events(stream, 1), 2);
        await writer.ReleaseAsync();

        (await first).Version.Value.Should().Be(2);
        (await second).Version.Value.Should().Be(3, "that the process once saw three events is no reason to refuse it");
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_long_line_at_one_stream_does_not_hold_up_another()
    {
        var store = await database.NewStoreAsync();
        var (crowded, other) = (Some.Stream(), Some.Stream());
        await using var writer = await BlockedWriter.CreateAsync(store);

        var line = Enumerable.Range(0, 1_500)
            .Select(_ => writer.Store.AppendAsync(crowded, Some.Events(crowded, 1))).ToArray();
        var behind = writer.Store.AppendAsync(other, Some.Events(other, 1));
        await writer.ReleaseAsync();

        (await behind).LastPosition.Should().BeLessThan(
            (await line[1]).FirstPosition, "it shares the first batch with the first of the line");
        (await Task.WhenAll(line)).Select(result => result.Version.Value)
            .Should().Equal(Enumerable.Range(1, line.Length).Select(version => (long)version));
    }
}
