using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Events;

/// <summary>Fills the store with streams of equal length through its own interface.</summary>
internal sealed class StoredHistory(BenchmarkDatabase database, int eventsPerStream)
{
    // The limits of one append.
    private const int MaxEventsPerAppend = 1_000;
    private const int MaxStreamsPerAppend = 100;

    private const int Writers = 4;
    private const int MaxSample = 1_000;
    private const int EventsPerCopy = 50_000;

    private readonly int _streamsPerAppend = Math.Min(MaxStreamsPerAppend, MaxEventsPerAppend / eventsPerStream);

    /// <summary>The position before the first of the events.</summary>
    public Position Start { get; private set; }

    /// <summary>The position of the last of the events.</summary>
    public Position End { get; private set; }

    /// <summary>Some of the streams, spread evenly.</summary>
    public IReadOnlyList<StreamId> Sample { get; private set; } = [];

    /// <summary>Appends the streams.</summary>
    public async Task FillAsync(int streams)
    {
        Start = await database.Feed.GetSettledBoundAsync();
        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(
            () => WriteAsync(writer, (streams / Writers) + (writer < streams % Writers ? 1 : 0))));
        var written = await Task.WhenAll(writers);
        Sample = [.. written.SelectMany(one => one.Sample)];

        // Not the settled bound: an append of somebody else may hold it back.
        End = written.Max(one => one.Last);
    }

    /// <summary>Appends as many events to streams that are there.</summary>
    public async Task AppendToAsync(IReadOnlyList<StreamId> streams)
    {
        Start = await database.Feed.GetSettledBoundAsync();
        var events = new SampleEvents(streams.Count);
        foreach (var stream in streams)
        {
            End = (await database.Store.AppendAsync(
                stream, events.Next(stream, eventsPerStream).Select(sample => sample.Envelope))).LastPosition;
        }
    }

    /// <summary>Copies them to the plain tables, in the same order, and tidies both sides up.</summary>
    public async Task CopyToPlainAsync()
    {
        for (var from = Start.Value; from < End.Value; from += EventsPerCopy)
        {
            var to = Math.Min(from + EventsPerCopy, End.Value);
            await database.ExecuteAsync("copy_streams", from, to);
            await database.ExecuteAsync("copy_events", from, to);
        }

        await database.ExecuteAsync("vacuum");
        await database.ExecuteAsync("checkpoint");
    }

    private async Task<(List<StreamId> Sample, Position Last)> WriteAsync(int writer, int streams)
    {
        var last = Position.Start;
        var events = new SampleEvents(writer);
        var sample = new List<StreamId>();
        var sampleEvery = Math.Max(1, streams * Writers / MaxSample);
        for (var made = 0; made < streams; made += _streamsPerAppend)
        {
            var appends = new List<StreamAppend>();
            for (var i = made; i < Math.Min(made + _streamsPerAppend, streams); i++)
            {
                appends.Add(NewStream(events));
                if (i % sampleEvery == 0)
                {
                    sample.Add(appends[^1].StreamId);
                }
            }

            var results = await database.Appender.AppendAsync(appends);
            last = results.Max(result => result.LastPosition);
        }

        return (sample, last);
    }

    private StreamAppend NewStream(SampleEvents events)
    {
        var stream = new StreamId("order", Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N"));
        return new StreamAppend(
            stream,
            [.. events.Next(stream, eventsPerStream).Select(sample => sample.Envelope)],
            ExpectedVersion.NoStream);
    }
}
