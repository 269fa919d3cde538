using System.Globalization;
using System.Text;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>A store with some events, and replays of it.</summary>
internal sealed class ReplayFixture
{
    public static readonly StreamId Order = new("order", "1");

    public InMemoryEventStore Store { get; } = new();

    public List<EventEnvelope> Events { get; } = [];

    /// <summary>Events of one stream, of two types in turn.</summary>
    public static async Task<ReplayFixture> WithAsync(int count)
    {
        var fixture = new ReplayFixture();
        await fixture.Store.AppendAsync(Order, Enumerable.Range(1, count).Select(number => EventEnvelope.Create(
            Order,
            number % 2 == 0 ? "even" : "odd",
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"number":{{number}}}""")))));
        fixture.Events.AddRange(await fixture.Store.LoadAsync(
            Order, cancellationToken: TestContext.Current.CancellationToken));
        return fixture;
    }

    public Task<ReplayReport> RunAsync(
        ISubscriptionHandler handler,
        ReplayOptions? options = null,
        ReplaySelection? selection = null,
        TimeProvider? time = null,
        IProgress<ReplayProgress>? progress = null,
        IFeedReader? feed = null,
        CancellationTokenSource? stop = null) =>
        new Replay(feed ?? Store, Store, time).RunAsync(
            selection ?? new ReplaySelection(),
            [new ReplayHandler("rows", handler)],
            options,
            progress,
            stop?.Token ?? TestContext.Current.CancellationToken);

    /// <summary>A handler that fails for an event, at some attempts or at all.</summary>
    public RecordingHandler FailingAt(int index, int times = int.MaxValue)
    {
        var left = times;
        return new RecordingHandler((envelope, _) => envelope.Id == Events[index].Id && left-- > 0
            ? throw new HandlerBrokenException()
            : Task.CompletedTask);
    }
}
