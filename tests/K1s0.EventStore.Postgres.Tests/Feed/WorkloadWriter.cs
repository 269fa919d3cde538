using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>One of the writers: dice say what it does next. Only it writes its own stream; others are shared.</summary>
internal sealed class WorkloadWriter
{
    private const int SharedStreams = 6;
    private const long UnreachableVersion = 1_000_000_000;

    private readonly int _number;
    private readonly Random _random;
    private readonly PostgresEventStore _store;
    private readonly NpgsqlDataSource _dataSource;
    private readonly WorkloadRecord _record;
    private readonly StreamId _own;
    private long _ownVersion;

    public WorkloadWriter(
        int number, int seed, PostgresEventStore store, NpgsqlDataSource dataSource, WorkloadRecord record)
    {
        (_number, _store, _dataSource, _record) = (number, store, dataSource, record);
        _random = new Random(unchecked((seed * 397) + number));
        _own = new StreamId("own", number.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            _record.SetOut(_number);
            try
            {
                await ActAsync();
            }
            finally
            {
                _record.Arrive(_number);
            }
        }
    }

    private Task ActAsync() => _random.Next(100) switch
    {
        < 35 => AppendAsync(_own, _random.Next(2) == 0 ? ExpectedVersion.Any : OwnVersion()),
        < 50 => AppendAsync(Shared(), ExpectedVersion.Any),
        < 58 => RaceAsync(),
        < 63 => LoseAsync(),
        < 70 => AppendToSeveralAsync(),
        _ => RunTransactionAsync(),
    };

    private async Task AppendAsync(StreamId streamId, ExpectedVersion expected)
    {
        var events = Events(streamId);
        var sent = _record.Tick();
        var result = await _store.AppendAsync(streamId, events, expected);
        Acknowledge([new SentAppend(sent, result, Ids(events))]);
    }

    // Others may be faster: then nothing of this is written.
    private async Task RaceAsync()
    {
        var streamId = Shared();
        var head = await _store.GetHeadAsync(streamId);
        var events = Events(streamId);
        var sent = _record.Tick();
        try
        {
            var result = await _store.AppendAsync(streamId, events, ExpectedVersion.Exactly(head.Version));
            Acknowledge([new SentAppend(sent, result, Ids(events))]);
        }
        catch (ConcurrencyException)
        {
            _record.CountConflict();
            _record.Undo(Ids(events));
        }
    }

    private async Task LoseAsync()
    {
        var events = Events(_own);
        await _store.Invoking(s => s.AppendAsync(_own, events, UnreachableVersion))
            .Should().ThrowAsync<ConcurrencyException>();
        _record.CountConflict();
        _record.Undo(Ids(events));
    }

    private async Task AppendToSeveralAsync()
    {
        var shared = Shared();
        StreamAppend[] appends = [new(_own, Events(_own), OwnVersion()), new(shared, Events(shared))];
        var sent = _record.Tick();
        var results = await _store.AppendAsync(appends);
        Acknowledge([.. results.Zip(appends, (result, append) => new SentAppend(sent, result, Ids(append.Events)))]);
    }

    // The waits are part of the work: transactions of an application that do other things in between.
    private async Task RunTransactionAsync()
    {
        var appended = new List<SentAppend>();
        await using var connection = await _dataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        appended.Add(await AppendInAsync(transaction, _own, OwnVersion()));
        await Task.Delay(_random.Next(21));
        switch (_random.Next(6))
        {
            case 0 or 1:
                await transaction.SaveAsync("a");
                var undone = await AppendInAsync(transaction, _own, ExpectedVersion.Any);
                await transaction.RollbackAsync("a");
                _record.Undo(undone.EventIds);
                break;
            case 2:
                var lost = Events(_own);
                StreamAppend append = new(_own, lost, ExpectedVersion.From(UnreachableVersion));
                await _store.Invoking(s => s.AppendAsync([append], transaction))
                    .Should().ThrowAsync<ConcurrencyException>();
                _record.CountConflict();
                _record.Undo(Ids(lost));
                break;
        }

        appended.Add(await AppendInAsync(transaction, _random.Next(4) == 0 ? Shared() : _own, ExpectedVersion.Any));
        await Task.Delay(_random.Next(3));
        if (_random.Next(3) == 0)
        {
            await transaction.RollbackAsync();
            _record.Undo(appended.SelectMany(a => a.EventIds));
        }
        else
        {
            await transaction.CommitAsync();
            Acknowledge(appended);
        }
    }

    private async Task<SentAppend> AppendInAsync(
        NpgsqlTransaction transaction, StreamId streamId, ExpectedVersion expected)
    {
        var events = Events(streamId);
        var sent = _record.Tick();
        var results = await _store.AppendAsync([new StreamAppend(streamId, events, expected)], transaction);
        return new SentAppend(sent, results[0], Ids(events));
    }

    private void Acknowledge(IReadOnlyList<SentAppend> appends)
    {
        _record.Acknowledge(appends);
        _ownVersion = appends.Where(a => a.Result.StreamId == _own)
            .Select(a => a.Result.Version.Value).Append(_ownVersion).Max();
    }

    private ExpectedVersion OwnVersion() => ExpectedVersion.Exactly(new StreamVersion(_ownVersion));

    private StreamId Shared() =>
        new("shared", _random.Next(SharedStreams).ToString(System.Globalization.CultureInfo.InvariantCulture));

    private EventEnvelope[] Events(StreamId streamId)
    {
        var events = new EventEnvelope[_random.Next(1, 6)];
        var bytes = new byte[16];
        for (var i = 0; i < events.Length; i++)
        {
            _random.NextBytes(bytes);
            events[i] = new EventEnvelope(
                new Guid(bytes),
                streamId,
                0,
                _random.Next(3) == 0 ? FollowedFeed.FilteredType : "happened",
                "{\"written\":\"by dice\"}"u8.ToArray(),
                default,
                DateTimeOffset.UnixEpoch);
        }

        return events;
    }

    private static Guid[] Ids(IEnumerable<EventEnvelope> events) => [.. events.Select(e => e.Id)];
}
