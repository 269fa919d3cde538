namespace K1s0.EventStore.Postgres.Tests.Deadlocks;

/// <summary>
/// One caller of the store: appends to one stream, to several in any order, to both at once, and the same twice.
/// </summary>
internal sealed class OverlappingCaller(PostgresEventStore store, Random random)
{
    public const string SingleType = "Single";
    public const string SeveralType = "Several";

    // The answer tells the first position and the last.
    private const int MaxEvents = 2;
    private const int MaxStreamsTogether = 8;
    private const int NewStreamsAtATime = 8;
    private const long MillisecondsOfANewStream = 20;

    /// <summary>What all callers of all processes fight for.</summary>
    public static readonly IReadOnlyList<StreamId> Hot =
        [.. Enumerable.Range(0, 12).Select(number => new StreamId("hot", $"{number:00}"))];

    private StreamAppend? _last;

    public int Appends { get; private set; }

    public int Conflicts { get; private set; }

    public int Repetitions { get; private set; }

    public async Task RunAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await (random.Next(10) switch
            {
                < 5 => AppendAsync([await OneAsync()]),
                < 8 => AppendAsync(Several()),
                8 => Task.WhenAll(AppendAsync([await OneAsync()]), AppendAsync(Several())),
                _ => TwiceAsync(),
            });
        }
    }

    // Streams that are older than both processes, and ones that come to be in both of them at the same moment.
    private StreamId AnyStream() =>
        random.Next(3) > 0
            ? Hot[random.Next(Hot.Count)]
            : new StreamId("new", $"{(Environment.TickCount64 / MillisecondsOfANewStream) + random.Next(NewStreamsAtATime)}");

    private async Task<StreamAppend> OneAsync()
    {
        var stream = AnyStream();
        var expected = random.Next(10) switch
        {
            < 7 => ExpectedVersion.Any,
            7 => ExpectedVersion.NoStream,
            _ => ExpectedVersion.Exactly((await store.GetHeadAsync(stream)).Version),
        };
        return new StreamAppend(stream, Events(stream, SingleType), expected);
    }

    private StreamAppend[] Several()
    {
        var streams = Enumerable.Range(0, random.Next(2, MaxStreamsTogether + 1)).Select(_ => AnyStream()).Distinct().ToArray();
        random.Shuffle(streams);
        return [.. streams.Select(stream => new StreamAppend(stream, Events(stream, SeveralType)))];
    }

    private EventEnvelope[] Events(StreamId stream, string type) =>
        [.. Enumerable.Range(0, random.Next(1, MaxEvents + 1)).Select(_ => Some.Event(stream, type: type))];

    private async Task<IReadOnlyList<AppendResult>> AppendAsync(StreamAppend[] appends)
    {
        Appends++;
        try
        {
            // One stream alone goes through group commit.
            var results = appends is [var one]
                ? [await store.AppendAsync(one.StreamId, one.Events, one.Expected)]
                : await store.AppendAsync(appends);
            Report(appends, results);
            _last = appends[0];
            return results;
        }
        catch (ConcurrencyException)
        {
            Conflicts++;
        }
        catch (Exception e) when (e is EventStoreException or InvalidOperationException)
        {
            Console.WriteLine($"{OverlappingProcess.FailureMark} {e.GetType().Name}: {e.Message}".ReplaceLineEndings(" "));
        }

        return [];
    }

    // The same append through group commit and past it at once, or one that was acknowledged before: one copy.
    private async Task TwiceAsync()
    {
        if (_last is { } earlier && random.Next(2) == 0)
        {
            await AppendAsync([earlier]);
            return;
        }

        var stream = AnyStream();
        var append = new StreamAppend(stream, Events(stream, SingleType));
        var results = await Task.WhenAll(AppendAsync([append]), PastTheQueueAsync(append));
        if (results is [[var first], [var second]] && first.Version != second.Version)
        {
            Console.WriteLine($"{OverlappingProcess.FailureMark} two answers to one append");
        }
    }

    private async Task<IReadOnlyList<AppendResult>> PastTheQueueAsync(StreamAppend append)
    {
        IReadOnlyList<StreamAppend> alone = [append];
        var results = await store.AppendAsync(alone);
        Report(alone, results);
        return results;
    }

    private void Report(IReadOnlyList<StreamAppend> appends, IReadOnlyList<AppendResult> results)
    {
        foreach (var (append, result) in appends.Zip(results))
        {
            if (result.WasRepeated)
            {
                Repetitions++;
                continue;
            }

            var version = result.Version.Value;
            Console.WriteLine(OverlappingProcess.Line(append.Events[^1].Id, version, result.LastPosition.Value));
            if (append.Events is [var first, _])
            {
                Console.WriteLine(OverlappingProcess.Line(first.Id, version - 1, result.FirstPosition.Value));
            }
        }
    }
}
