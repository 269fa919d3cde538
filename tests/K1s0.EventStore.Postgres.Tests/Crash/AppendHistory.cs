using System.Collections.Concurrent;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>What was attempted and what was said about it, over all writers; judged when everything is over. Thread-safe.</summary>
internal sealed class AppendHistory(IReadOnlyList<StreamId> shared)
{
    private readonly ConcurrentDictionary<Guid, (StreamAppend Append, AppendResult Result)> _acknowledged = new();
    private readonly ConcurrentDictionary<Guid, StreamAppend> _refused = new();
    private readonly ConcurrentQueue<StreamAppend> _unknown = new();
    private readonly ConcurrentDictionary<StreamId, bool> _streams = new(
        shared.Select(stream => KeyValuePair.Create(stream, true)));

    private readonly TaskCompletionSource<Position> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _acknowledgedCount;

    /// <summary>Streams that all writers append to.</summary>
    public IReadOnlyList<StreamId> Shared => shared;

    public int Acknowledged => Volatile.Read(ref _acknowledgedCount);

    public int Refused => _refused.Count;

    /// <summary>Where the reader may stop; known when the writers have stopped and all outcomes are settled.</summary>
    public Task<Position> End => _end.Task;

    public void Acknowledge(StreamAppend append, AppendResult result)
    {
        _streams[append.StreamId] = true;
        _acknowledged[append.Events[0].Id] = (append, result);
        Interlocked.Increment(ref _acknowledgedCount);
    }

    public void Refuse(StreamAppend append) => _refused[append.Events[0].Id] = append;

    public void Unknown(StreamAppend append)
    {
        _streams[append.StreamId] = true;
        _unknown.Enqueue(append);
    }

    public void Finish(Position end) => _end.SetResult(end);

    /// <summary>Returns when so many appends have been acknowledged.</summary>
    public async Task ReachedAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        while (Acknowledged < count)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    /// <summary>Repeats every append whose outcome is unknown.</summary>
    public async Task<(int Unknown, int Stored)> SettleAsync(PostgresEventStore store)
    {
        var stored = 0;
        foreach (var append in _unknown)
        {
            try
            {
                var result = await store.AppendAsync(append.StreamId, append.Events, append.Expected);
                Acknowledge(append, result);
                stored += result.WasRepeated ? 1 : 0;
            }
            catch (ConcurrencyException)
            {
                Refuse(append);
            }
        }

        return (_unknown.Count, stored);
    }

    /// <summary>Compares what was said with what is there, and with what the reader saw on the way.</summary>
    public async Task CheckAsync(TestStore store, IReadOnlyList<EventEnvelope> seen)
    {
        var table = new Dictionary<Guid, EventEnvelope>();
        foreach (var stream in _streams.Keys)
        {
            var events = await store.Store.LoadAsync(stream);
            StreamVerifier.Verify(stream, events).Finding.Should().BeNull("the chain of {0} is intact", stream);
            foreach (var envelope in events)
            {
                table.Add(envelope.Id, envelope);
            }
        }

        foreach (var (append, result) in _acknowledged.Values)
        {
            var last = table.Should().ContainKey(append.Events[^1].Id, "it was acknowledged").WhoseValue;
            last.Version.Should().Be(result.Version.Value);
            last.Position.Should().Be(result.LastPosition);
            append.Events.Select(envelope => table.GetValueOrDefault(envelope.Id)).Select(
                envelope => envelope is null ? null : envelope with { Version = 0 }).Should().Equal(append.Events);
        }

        var attempted = _acknowledged.Values.SelectMany(entry => entry.Append.Events).Select(envelope => envelope.Id).ToHashSet();
        var warmUp = shared.Count;
        table.Keys.Count(id => !attempted.Contains(id)).Should().Be(warmUp, "nothing else was ever acknowledged or settled");
        _refused.Values.SelectMany(append => append.Events).Should().NotContain(envelope => table.ContainsKey(envelope.Id));

        seen.Select(envelope => envelope.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        seen.Select(envelope => envelope.Id).Should().BeEquivalentTo(table.Keys);
    }
}
