using System.Globalization;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// Months are archived, verified and pruned while everything goes wrong: at no instant is an event lost, there twice or
/// unreadable.
/// </summary>
[Trait("Invariant", "I29")]
[Trait("Invariant", "I30")]
[Trait("Invariant", "I31")]
public sealed class ArchiveSimulationTests
{
    // Ten thousand months together. What an archive has is read at every start, so months of long worlds cost more and
    // more: some worlds have many months, and many have some.
    private const int LongWorlds = 50;
    private const int MonthsOfLongWorld = 40;
    private const int ShortWorlds = 800;
    private const int MonthsOfShortWorld = 10;

    [Fact]
    public async Task Ten_thousand_months_leave_and_every_event_has_one_home_at_every_instant()
    {
        var random = SeededRandom.Create();
        var guard = new Lock();
        var troubles = new Dictionary<string, int>(StringComparer.Ordinal);
        var (months, fenced) = (0, 0);

        // Worlds share nothing, so they go side by side; each has a seed of its own, so that one can be looked at alone.
        var worlds = Enumerable.Repeat(MonthsOfLongWorld, LongWorlds)
            .Concat(Enumerable.Repeat(MonthsOfShortWorld, ShortWorlds))
            .Select((length, number) => (Number: number, Months: length, Seed: random.Next())).ToArray();
        await Parallel.ForEachAsync(worlds, async (world, _) =>
        {
            try
            {
                using var simulated = await LiveAsync(world.Seed, world.Months);
                lock (guard)
                {
                    months += world.Months;
                    fenced += simulated.Archive.Fenced;
                    foreach (var (trouble, count) in simulated.Troubles)
                    {
                        troubles[trouble] = troubles.GetValueOrDefault(trouble) + count;
                    }
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    string.Create(CultureInfo.InvariantCulture, $"World {world.Number} with seed {world.Seed}: {e.Message}"),
                    e);
            }
        });

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{months} months, {fenced} writes fenced; "
            + string.Join(", ", troubles.OrderBy(entry => entry.Key, StringComparer.Ordinal)));
        months.Should().BeGreaterThanOrEqualTo(10_000);
        fenced.Should().BePositive();
        troubles.Keys.Should().Contain(
        [
            "Conflict", "CrashAfter", "CrashBefore", "LostAnswer", "LostRequest", "Refused", "WrongBytes", "clock jump",
            "crash in the database", "damaged at rest", "database unavailable", "key taken", "late writer",
            "stale leader", "damaged while listed", "damaged when merged", "batch made anew", "compacted", "removed",
        ]);
        troubles["batch made anew"].Should().BePositive();
        troubles["compacted"].Should().BeGreaterThan(100);
        troubles["removed"].Should().BeGreaterThan(100);
    }

    /// <summary>The simulation is worth something: it finds each of these mistakes.</summary>
    [Theory]
    [InlineData(Mistake.NotReadBack)]
    [InlineData(Mistake.LostAnswersIgnored)]
    [InlineData(Mistake.NoFence)]
    [InlineData(Mistake.DeletesBeforeTheManifest)]
    [InlineData(Mistake.WrongByteServed)]
    public async Task A_mistake_is_found(Mistake mistake)
    {
        var random = SeededRandom.Create();
        for (var world = 0; world < ShortWorlds; world++)
        {
            using var simulated = new ArchiveWorld(new Random(random.Next()), likelihood: 0.05, mistake);
            var failure = await Record.ExceptionAsync(async () =>
            {
                for (var month = 0; month < MonthsOfLongWorld; month++)
                {
                    await simulated.LiveThroughMonthAsync();
                }

                await simulated.CheckAllAsync();
                if (mistake is Mistake.NoFence)
                {
                    simulated.Archive.Fenced.Should().BePositive("leaders were stale");
                }
            });
            if (failure is not null)
            {
                TestContext.Current.TestOutputHelper!.WriteLine(
                    $"{mistake} was found in world {world}: {failure.Message.Split('\n')[0]}");
                return;
            }
        }

        Assert.Fail($"{mistake} was not found in {ShortWorlds} worlds.");
    }

    // A leader that was followed by another one in the middle took that one's listing for a lost timeline.
    [Theory]
    [InlineData(662161667, MonthsOfShortWorld)]
    [InlineData(163458802, MonthsOfShortWorld)]
    public async Task A_world_in_which_something_was_wrong_once_is_right(int seed, int months)
    {
        using var world = await LiveAsync(seed, months);

        world.Archive.Fenced.Should().BePositive("leaders are followed by others in it");
    }

    private static async Task<ArchiveWorld> LiveAsync(int seed, int months)
    {
        var simulated = new ArchiveWorld(new Random(seed), likelihood: 0.03);
        for (var month = 0; month < months; month++)
        {
            await simulated.LiveThroughMonthAsync();
        }

        await simulated.CheckAllAsync();
        return simulated;
    }
}
