namespace K1s0.EventStore.Sqlite.Tests.Reading;

/// <summary>What a reader is told of a row that is no event any more.</summary>
public sealed class UnreadableRowTests : IAsyncLifetime
{
    // Microseconds since 1970, some 28,500 years from now.
    private const string BeyondAllTimes = "900000000000000000";

    private readonly TemporaryFolder _folder = new();
    private readonly StreamId _stream = Some.Stream();
    private TestStore _store = null!;

    private string Path => _folder.File("store.db");

    public async ValueTask InitializeAsync()
    {
        _store = new TestStore(Path);
        await _store.Store.AppendAsync(_stream, Some.Events(_stream, 3), 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("occurred_at", true)]
    [InlineData("recorded_at", false)]
    public async Task A_time_that_no_clock_shows_is_told_with_the_place_of_the_event(string column, bool hasRecordedAt)
    {
        var stored = (await _store.Store.LoadAsync(_stream))[1];
        using (var foreign = new Foreign(Path))
        {
            foreign.Execute("drop trigger events_no_update");
            foreign.Execute($"update events set {column} = {BeyondAllTimes} where version = 2").Should().Be(1);
        }

        var loading = await Assert.ThrowsAsync<EventUnreadableException>(() => _store.Store.LoadAsync(_stream));
        var feed = await Assert.ThrowsAsync<EventUnreadableException>(
            () => _store.Store.ReadFeedPageAsync(Position.Start));

        foreach (var told in new[] { loading, feed })
        {
            told.Position.Should().Be(stored.Position);
            told.RecordedAt.Should().Be(hasRecordedAt ? stored.RecordedAt : default);
        }

        (await _store.Store.ReadFeedPageAsync(stored.Position)).Events.Should().ContainSingle("it reads on behind it");
    }
}
