using System.Collections.Concurrent;
using K1s0.EventStore.Sync.Simulation;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>The proof by simulation, and the proof that it would notice.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 1_000;

    [Fact]
    [Trait("Row", "S02")]
    [Trait("Row", "S03")]
    [Trait("Row", "S04")]
    [Trait("Row", "X10")]
    [Trait("Row", "X17")]
    public void Whatever_fails_replicas_keep_their_promises_and_end_with_the_same()
    {
        var failures = new ConcurrentQueue<string>();
        Parallel.For(1, Seeds + 1, (seed, loop) =>
        {
            if (Simulator.Run((ulong)seed) is { } failure)
            {
                failures.Enqueue(failure);
                loop.Stop();
            }
        });

        failures.Should().BeEmpty();
    }

    [Fact]
    public void A_seed_gives_the_same_run_each_time()
    {
        foreach (var seed in new ulong[] { 3, 14, 159 })
        {
            Simulator.Fingerprint(seed).Should().Be(Simulator.Fingerprint(seed));
        }
    }

    [Fact]
    public void Every_planted_bug_is_found()
    {
        var missed = new ConcurrentQueue<string>();
        Parallel.ForEach(Partitioner.Create(PlantedBugs.All, EnumerablePartitionerOptions.NoBuffering), bug =>
        {
            // Where the simulation has changed since, another seed finds it.
            var failure = PlantedCompilation.FindFailure(bug, bug.Seed, 1)
                ?? PlantedCompilation.FindFailure(bug, 1, PlantedBugs.Seeds);
            output.WriteLine($"{bug}: {failure?.Split('\n')[0]}");
            if (failure is null)
            {
                missed.Enqueue(bug.Name);
            }
        });

        missed.Should().BeEmpty();
        PlantedBugs.All.Should().HaveCountGreaterThanOrEqualTo(57);
    }

    [Fact]
    public void Compiled_with_the_bugs_of_which_none_is_chosen_a_seed_gives_the_same_run()
    {
        foreach (var seed in new ulong[] { 2, 71, 828 })
        {
            PlantedCompilation.Fingerprint(seed).Should().Be(Simulator.Fingerprint(seed));
        }
    }

    [Theory]
    [InlineData(0, "--seed", "7", "--count", "3")]
    [InlineData(2, "--seed")]
    [InlineData(2, "--seed", "x")]
    [InlineData(2, "--speed", "3")]
    public void The_command_runs_the_seeds_that_it_is_given(int exitCode, params string[] arguments)
    {
        var text = new StringWriter();

        SimulationCommand.Run(arguments, text).Should().Be(exitCode);

        text.ToString().Should().Contain(exitCode == 0 ? "3 seeds from 7" : SimulationCommand.Usage);
    }
}
