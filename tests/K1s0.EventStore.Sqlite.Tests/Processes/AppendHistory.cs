using System.Globalization;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sqlite.CrashWriter;

namespace K1s0.EventStore.Sqlite.Tests.Processes;

/// <summary>What was attempted and what was said about it, over all processes; judged by what is in the file.</summary>
internal sealed class AppendHistory
{
    private readonly Dictionary<string, Attempt> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Attempt Attempt, AppendResult Result)> _acknowledged =
        new(StringComparer.Ordinal);

    private readonly Dictionary<string, Attempt> _refused = new(StringComparer.Ordinal);

    public int Acknowledged => _acknowledged.Count;

    public int Refused => _refused.Count;

    /// <summary>How many appends a process said that it does not know the outcome of.</summary>
    public int SaidUnknown { get; private set; }

    /// <summary>Takes in a line of a process.</summary>
    /// <returns>Whether it is an acknowledgement.</returns>
    public bool Note(string line)
    {
        var (word, rest) = line.Split(' ', 2) is [var first, var others] ? (first, others) : (line, string.Empty);
        switch (word)
        {
            case "try":
                var attempt = Attempt.Parse(rest);
                _open.Add(attempt.Key, attempt);
                return false;
            case "ack":
                var parts = rest.Split(' ');
                _open.Remove(parts[0], out attempt!);
                Acknowledge(attempt, new AppendResult
                {
                    StreamId = attempt.StreamId,
                    Version = new StreamVersion(Number(parts[1])),
                    FirstPosition = new Position(Number(parts[2])),
                    LastPosition = new Position(Number(parts[3])),
                });
                return true;
            case "refused":
                var key = rest.Split(' ')[0];
                _open.Remove(key, out attempt!);
                _refused.Add(key, attempt);
                return false;
            case "unknown":
                SaidUnknown++;
                return false;
            default:
                return false;
        }
    }

    /// <summary>Takes in what another process said.</summary>
    public void Take(AppendHistory other)
    {
        foreach (var (attempt, result) in other._acknowledged.Values)
        {
            Acknowledge(attempt, result);
        }
    }

    /// <summary>
    /// Compares what was said with what is in the file, while appends that nobody answered are still open.
    /// </summary>
    public async Task CheckAsync(SqliteEventStore store)
    {
        var feed = new List<EventEnvelope>();
        await foreach (var envelope in store.ReadFeedAsync())
        {
            feed.Add(envelope);
        }

        feed.Select(envelope => envelope.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        var byId = feed.ToDictionary(envelope => envelope.Id);
        foreach (var (attempt, result) in _acknowledged.Values)
        {
            AssertStored(attempt, result, byId);
        }

        _refused.Values.SelectMany(attempt => attempt.Events)
            .Should().NotContain(envelope => byId.ContainsKey(envelope.Id), "a refused append leaves nothing");
        foreach (var attempt in _open.Values)
        {
            attempt.Events.Count(envelope => byId.ContainsKey(envelope.Id))
                .Should().BeOneOf([0, attempt.Count], "an append is stored whole or not at all");
        }

        var attempted = _acknowledged.Values.Select(entry => entry.Attempt).Concat(_open.Values)
            .SelectMany(attempt => attempt.Events).Select(envelope => envelope.Id).ToHashSet();
        byId.Keys.Where(id => !attempted.Contains(id)).Should().BeEmpty("nobody appended anything else");
        await CheckChainsAsync(store, feed);
    }

    /// <summary>Repeats every append that nobody answered; afterwards each is stored once.</summary>
    /// <returns>How many there were, and how many of them the killed process had stored.</returns>
    public async Task<(int Open, int Stored)> SettleAsync(SqliteEventStore store)
    {
        var (open, stored) = (_open.Count, 0);
        foreach (var attempt in _open.Values.ToArray())
        {
            var wasThere = (await store.LoadAsync(attempt.StreamId))
                .Any(envelope => envelope.Id == attempt.Events[0].Id);

            var result = await store.AppendAsync(attempt.StreamId, attempt.Events);

            result.WasRepeated.Should().Be(wasThere);
            stored += wasThere ? 1 : 0;
            _open.Remove(attempt.Key);
            Acknowledge(attempt, result);
        }

        return (open, stored);
    }

    private static void AssertStored(Attempt attempt, AppendResult result, Dictionary<Guid, EventEnvelope> byId)
    {
        var events = attempt.Events;
        for (var i = 0; i < events.Length; i++)
        {
            var stored = byId.Should().ContainKey(events[i].Id, "{0} was acknowledged", attempt).WhoseValue;
            var version = result.Version.Value - events.Length + 1 + i;
            stored.Should().Be(events[i] with { Version = version });
            stored.Position.Value.Should().Be(result.FirstPosition.Value + i);
        }
    }

    private static async Task CheckChainsAsync(SqliteEventStore store, List<EventEnvelope> feed)
    {
        foreach (var stream in feed.GroupBy(envelope => envelope.StreamId))
        {
            var verification = StreamVerifier.Verify(stream.Key, stream);
            verification.Finding.Should().BeNull("the chain of {0} is intact", stream.Key);
            (await store.GetHeadAsync(stream.Key)).Should().Be(verification.Head);
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private void Acknowledge(Attempt attempt, AppendResult result) =>
        _acknowledged.Add(attempt.Key, (attempt, result));
}
