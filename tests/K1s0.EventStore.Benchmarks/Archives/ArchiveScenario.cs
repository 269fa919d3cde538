using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>Works on a history that lies in the store, in the plain tables, and in an archive in a folder.</summary>
internal abstract class ArchiveScenario : SidesInTurn, IDisposable
{
    private const int Streams = 5_000;
    private const int EventsPerStream = 20;

    private ArchiveFolder? _folder;

    protected IReadOnlyList<EventEnvelope> History { get; private set; } = [];

    protected StoreIdentity Store { get; private set; }

    protected long PlainStart { get; private set; }

    /// <summary>The position of the last event in the plain table, which numbers its rows by itself.</summary>
    protected long PlainEnd { get; private set; }

    protected ArchiveFolder Folder => _folder ?? throw new InvalidOperationException($"{Name} is not set up.");

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        PlainStart = await LastPlainPositionAsync(database);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        await history.CopyToPlainAsync();
        PlainEnd = await LastPlainPositionAsync(database);
        Store = await database.Feed.GetIdentityAsync();
        var events = new List<EventEnvelope>();
        await foreach (var envelope in database.Feed.ReadFeedAsync(history.Start, pageSize: FeedPage.MaxEvents))
        {
            events.Add(envelope);
        }

        History = events;
        _folder = new ArchiveFolder();
        await Folder.WriteAsync(Store, History, "1");
    }

    public void Dispose() => _folder?.Dispose();

    private static async Task<long> LastPlainPositionAsync(BenchmarkDatabase database)
    {
        await using var command = database.Plain.CreateCommand(PlainSql.Get("get_last_plain_position"));
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
