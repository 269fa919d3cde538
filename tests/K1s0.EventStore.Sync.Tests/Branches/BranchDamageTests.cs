using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Simulation;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A store that rots where a branch was given up opens all the same, and no event gets into another place.</summary>
public sealed class BranchDamageTests
{
    private static readonly Origin X = Some.Origin(9);
    private static readonly Origin Y = Some.Origin(8);
    private static readonly StreamId Repairs = new("k1s0-sync", "repairs");
    private static readonly StreamId Notes = new("k1s0-sync", "branches");

    private readonly ManualTime _time = new(Some.Noon);
    private readonly RottenEventStore _events;
    private readonly ForkedLogs _logs;

    public BranchDamageTests() =>
        (_events, _logs) = (new RottenEventStore(new InMemoryEventStore(timeProvider: _time)), new ForkedLogs(_time));

    [Theory]
    [InlineData("rotten")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task An_event_whose_metadata_rots_in_the_place_of_another_is_damage_and_comes_back(string metadata)
    {
        var common = _logs.Write(X, [], 5);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 5));
        using (var node = await _logs.OpenAsync(NewStore(), _logs.Write(X, common, 3)))
        {
            node.Branches.Adopt(X);
            await ForkedLogs.MeetAsync(node, peer);
            await ForkedLogs.MeetAsync(node, peer);
        }

        foreach (var adopted in new[] { true, false })
        {
            _events.Rot(Repairs, adopted ? 2 : 4, stored => stored with { MetadataUtf8 = Encoding.UTF8.GetBytes(metadata) });
            using var again = await _logs.ReopenAsync(NewStore());

            (await again.ScrubAsync()).Damaged.Should().Contain(new Dot(X, 7));
            await ForkedLogs.MeetAsync(again, peer);
            (await ForkedLogs.HistoryOfAsync(again)).Should().Equal(await ForkedLogs.HistoryOfAsync(peer));
        }
    }

    [Theory]
    [InlineData("\"first\":6", "\"first\":5")]
    [InlineData("\"first\":6", "\"first\":\"6\"")]
    [InlineData("\"count\":3", "\"count\":2")]
    [InlineData("\"count\":3", "\"count\":9223372036854775807")]
    [InlineData("\"repair\":2", "\"repair\":1")]
    [InlineData("\"repair\":2", "\"repair\":3")]
    [InlineData("\"hash\":\"", "\"hash\":\"00")]
    public async Task A_note_that_rots_moves_no_event_into_another_place_and_the_branch_is_adopted_again(
        string right, string wrong)
    {
        var common = _logs.Write(X, _logs.Write(Y, [], 3), 5);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 5));
        List<string> before;
        using (var node = await _logs.OpenAsync(NewStore(), _logs.Write(X, common, 3)))
        {
            // A repair before the branch, so that there is another to name.
            before = await ForkedLogs.HistoryOfAsync(node);
            _events.Rot(OriginNames.Log(Y), 2);
            await node.ScrubAsync();
            await ForkedLogs.MeetAsync(node, peer);
            node.Damaged.Should().BeEmpty();
            node.Branches.Adopt(X);
            await ForkedLogs.MeetAsync(node, peer);
            (await ForkedLogs.HistoryOfAsync(node)).Should().NotEqual(before);
        }

        var changed = false;
        _events.Rot(Notes, 1, stored =>
        {
            var said = Encoding.UTF8.GetString(stored.PayloadUtf8.Span);
            changed = said.Contains(right, StringComparison.Ordinal);
            return stored with { PayloadUtf8 = Encoding.UTF8.GetBytes(said.Replace(right, wrong, StringComparison.Ordinal)) };
        });
        using var again = await _logs.ReopenAsync(NewStore());

        changed.Should().BeTrue();
        (await ForkedLogs.HistoryOfAsync(again)).Should().Equal(before, "what was given up stands again");
        (await again.ScrubAsync()).Damaged.Should().BeEmpty();
        again.Branches.Adopt(X);
        await ForkedLogs.MeetAsync(again, peer);
        await ForkedLogs.MeetAsync(again, peer);
        (await ForkedLogs.HistoryOfAsync(again)).Should().Equal(await ForkedLogs.HistoryOfAsync(peer));
    }

    [Fact]
    public async Task Where_the_note_cannot_be_told_to_be_wrong_an_event_of_another_place_is_damage()
    {
        var common = _logs.Write(X, [], 5);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 4));
        using (var node = await _logs.OpenAsync(NewStore(), _logs.Write(X, common, 3)))
        {
            node.Branches.Adopt(X);
            await ForkedLogs.MeetAsync(node, peer);
        }

        _events.Rot(Repairs, 3);
        _events.Rot(Notes, 1, stored => stored with
        {
            PayloadUtf8 = Encoding.UTF8.GetBytes(
                Encoding.UTF8.GetString(stored.PayloadUtf8.Span).Replace("\"first\":6", "\"first\":5", StringComparison.Ordinal)),
        });

        (await NewStore().ReadWholeAsync(X, [4, 5, 6, 7, 8], int.MaxValue)).Select(one => one.Dot.Sequence).Should().Equal(4, 8);
        (await NewStore().ReadLinksAsync(X, 1, 8)).Should().HaveCount(5);
        using var again = await _logs.ReopenAsync(NewStore());
        again.Clock[X].Should().Be(4);
    }

    // Once in the middle of a part, once where the next one begins with a whole context and reads right again.
    [Theory]
    [InlineData(10, 6, 2, 6)]
    [InlineData(66, 64, 1, 65)]
    public async Task Behind_events_of_another_branch_what_stood_there_before_is_no_part_of_the_log(
        int length, int rotten, int taken, int healed)
    {
        var common = _logs.Write(X, [], rotten - 1);
        var (old, other) = (_logs.Write(X, common, length - rotten + 1), _logs.Write(X, common, taken));
        await NewStore().AppendAsync(old);
        _events.Rot(OriginNames.Log(X), rotten);
        _events.Rot(OriginNames.Log(X), healed);
        var cut = NewStore();
        (await cut.ReadHeadsAsync()).Single().Last.Sequence.Should().Be(rotten - 1);
        await cut.AppendAsync([.. other.Skip(common.Count)]);
        _events.Heal(OriginNames.Log(X), healed);

        var head = (await NewStore().ReadHeadsAsync()).Single();

        (head.Last, head.Hash, head.DamagedUpTo).Should().Be((other[^1].Event.Dot, other[^1].Event.Hash, length));
        head.Context.Should().Be(other[^1].Context);
    }

    private EventStoreReplicaStore NewStore() => new(_events, _time);
}
