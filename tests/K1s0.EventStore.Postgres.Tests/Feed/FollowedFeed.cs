using System.Diagnostics;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>Ways to read the feed: ours, and the one that everybody tries first.</summary>
internal static class FollowedFeed
{
    public const string FilteredType = "filtered";

    private const int PagesAnInstance = 5;

    public static FeedFilter Filter { get; } = new() { EventTypes = [FilteredType] };

    /// <summary>One instance of the store for ever.</summary>
    public static FeedFollower Steady(FeedStore feed, int pageSize, FeedFilter? filter = null)
    {
        var store = feed.OpenAnother();
        return new FeedFollower(
            $"pages of {pageSize}{(filter is null ? string.Empty : ", filtered")}",
            after => ReadAsync(store, after, pageSize, filter));
    }

    /// <summary>A new instance of the store every few pages, that starts from the position remembered.</summary>
    public static FeedFollower Restarting(FeedStore feed, int pageSize)
    {
        var store = feed.OpenAnother();
        var pages = 0;
        return new FeedFollower($"pages of {pageSize}, restarting", after =>
        {
            store = ++pages % PagesAnInstance == 0 ? feed.OpenAnother() : store;
            return ReadAsync(store, after, pageSize, filter: null);
        });
    }

    /// <summary>Reads what is visible behind the last position that was visible, without any bound.</summary>
    public static FeedFollower Naive(FeedStore feed, int pageSize) => new("naive", async after =>
    {
        await using var command = feed.DataSource.CreateCommand(
            "select position, event_id from event_store.events where position > $1 order by position limit $2");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pageSize });
        await using var reader = await command.ExecuteReaderAsync();
        var page = new List<Sighting>();
        while (await reader.ReadAsync())
        {
            page.Add(new Sighting(reader.GetInt64(0), reader.GetGuid(1), Stopwatch.GetTimestamp()));
        }

        return (page, page.Count > 0 ? page[^1].Position : after);
    });

    private static async Task<(IReadOnlyList<Sighting> Events, long ReadTo)> ReadAsync(
        PostgresEventStore store, long after, int pageSize, FeedFilter? filter)
    {
        var page = await store.ReadFeedPageAsync(new Position(after), filter, pageSize);
        var now = Stopwatch.GetTimestamp();
        return ([.. page.Events.Select(e => new Sighting(e.Position.Value, e.Id, now))], page.ReadTo.Value);
    }
}
