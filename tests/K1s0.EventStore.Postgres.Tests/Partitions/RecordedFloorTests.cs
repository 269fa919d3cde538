namespace K1s0.EventStore.Postgres.Tests.Partitions;

/// <summary>A month that was closed by the floor stays closed, whatever the server's clock says.</summary>
[Trait("Row", "I02")]
public sealed class RecordedFloorTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Behind_the_floor_new_events_are_recorded_at_it_and_in_its_month()
    {
        var store = await database.NewStoreAsync();
        var (old, next) = (Some.Stream(), Month.Ahead(1));
        await store.Store.AppendAsync(old, Some.Events(old, 1), 0);
        await CloseUntilAsync(store, next);
        var @new = Some.Stream();

        var continued = await store.Store.AppendAsync(old, Some.Events(old, 2), 1);
        var begun = await store.Store.AppendAsync([Some.Append(@new, 3), Some.Append(Some.Stream())]);

        continued.RecordedAt.Should().Be(next.Start);
        begun.Should().OnlyContain(result => result.RecordedAt == next.Start);
        (await PlacesAsync(store)).Should().Equal(
            $"{Month.Ahead(0).Partition} 1", $"{next.Partition} 2", $"{next.Partition} 3",
            $"{next.Partition} 1", $"{next.Partition} 2", $"{next.Partition} 3", $"{next.Partition} 1");
        (await store.VerifyAsync(old)).VerifiedEvents.Should().Be(3);
        (await store.Store.LoadAsync(@new)).Should().HaveCount(3);
    }

    [Fact]
    public async Task The_months_ahead_are_counted_from_the_floor()
    {
        var store = await database.NewStoreAsync();
        await CloseUntilAsync(store, Month.Ahead(2));

        (await store.Schema.EnsurePartitionsAsync()).Should().Be(Month.Ahead(5).End);

        (await Month.PartitionsAsync(store))
            .Should().Equal(Enumerable.Range(0, 6).Select(ahead => Month.Ahead(ahead).Partition));
    }

    [Fact]
    public async Task A_repetition_in_a_later_month_finds_the_events_of_the_earlier_one()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        var events = Some.Events(stream, 2);
        var first = await store.Store.AppendAsync(stream, events, 0);
        await CloseUntilAsync(store, Month.Ahead(1));
        var before = await store.ContentAsync();
        var elsewhere = store.Reopen();

        foreach (var expected in new[] { ExpectedVersion.NoStream, ExpectedVersion.Any, ExpectedVersion.StreamExists })
        {
            (await elsewhere.Store.AppendAsync(stream, events, expected))
                .Should().Be(first with { WasRepeated = true });
        }

        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task An_id_of_an_earlier_month_cannot_be_used_for_other_content()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        var envelope = Some.Event(stream);
        await store.Store.AppendAsync(stream, [envelope], 0);
        await CloseUntilAsync(store, Month.Ahead(1));
        var before = await store.ContentAsync();

        var refusal = await Assert.ThrowsAsync<EventIdReusedException>(
            () => store.Store.AppendAsync(stream, [envelope with { PayloadUtf8 = "2"u8.ToArray() }]));

        refusal.EventId.Should().Be(envelope.Id);
        (await store.ContentAsync()).Should().Be(before);
    }

    private static Task CloseUntilAsync(TestStore store, Month month) =>
        store.ExecuteAsync($"update {{s}}.store set recorded_floor = '{month.Start:O}'");

    private static Task<IReadOnlyList<string>> PlacesAsync(TestStore store) => store.ColumnAsync<string>(
        """
        select c.relname || ' ' || e.version from {s}.events e join pg_class c on c.oid = e.tableoid order by e.position
        """);
}
