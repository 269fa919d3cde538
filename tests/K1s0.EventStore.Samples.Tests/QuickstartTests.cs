using K1s0.EventStore.Samples.Quickstart;
using K1s0.EventStore.Samples.Tests.Doubles;
using Microsoft.Extensions.DependencyInjection;
using NSubstitute;

namespace K1s0.EventStore.Samples.Tests;

public sealed class QuickstartTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Row", "K02")]
    [Trait("Row", "K05")]
    [Trait("Row", "K06")]
    [Trait("Row", "K12")]
    public async Task Every_step_holds_on_the_store_in_memory()
    {
        var output = new StringWriter();

        var exitCode = await new Walkthrough(new Narrator(output, inColour: false)).RunAsync([], Cancellation);

        exitCode.Should().Be(Walkthrough.Held, output.ToString());
        output.ToString().Should().Contain("K1s0.EventStore quickstart, in memory")
            .And.Contain("ok the append returned the new version: 2")
            .And.Contain("ok the version that the slower clerk expected: 2")
            .And.Contain("ok the version that the order really has: 3")
            .And.Contain("ok the second answer says that it is a repetition: True")
            .And.Contain("ok events handled from the checkpoint: 2")
            .And.Contain("ok events replayed on top of it: 3")
            .And.Contain("ok events proved to be as they were appended: 4")
            .And.Contain("ok the first bad version: 3")
            .And.Contain("ok what is wrong with it: ContentChanged")
            .And.Contain("Every step held.")
            .And.NotContain("\e[", "colours were not asked for");
    }

    [Fact]
    public async Task Colours_change_nothing_but_the_looks()
    {
        var coloured = new StringWriter();
        new Narrator(coloured, inColour: true).Check("two and two", 4, 4);

        coloured.ToString().Should().Be($"   \e[32mok\e[0m two and two: 4{Environment.NewLine}");
        await RunAsync(_ => { }, Walkthrough.Held);
    }

    [Theory]
    [InlineData("--mysql", "x")]
    [InlineData("--postgres")]
    [InlineData("--sqlite")]
    [InlineData("--postgres", "x", "y")]
    public async Task A_wrong_command_line_shows_the_usage(params string[] arguments)
    {
        var output = new StringWriter();

        var exitCode = await new Walkthrough(new Narrator(output, inColour: false)).RunAsync(arguments, Cancellation);

        exitCode.Should().Be(Walkthrough.Unusable);
        output.ToString().Should().Contain("unknown arguments. Quickstart [--postgres <connection string> | --sqlite <file>]");
    }

    [Fact]
    public async Task A_store_that_lets_stale_writers_through_is_noticed()
    {
        var output = await RunAsync(
            services => services.AddSingleton<IEventStore>(provider => new CarelessStore(Store(provider))
            {
                IgnoresExpectedVersion = true,
            }),
            Walkthrough.Failed);

        output.Should().Contain("failed the version that the slower clerk expected: expected 2, got none")
            .And.NotContain("3  The slower clerk reloads");
    }

    [Fact]
    public async Task A_store_that_stores_a_repeated_append_twice_is_noticed()
    {
        var output = await RunAsync(
            services => services.AddSingleton<IEventStore>(provider => new CarelessStore(Store(provider))
            {
                ForgetsEventIds = true,
            }),
            Walkthrough.Failed);

        output.Should().Contain("failed Concurrency conflict: expected 3, got 4").And.NotContain("4  A read model");
    }

    [Fact]
    public async Task A_checkpoint_that_is_not_kept_is_noticed()
    {
        var forgetful = Substitute.For<ICheckpointStore>();
        forgetful.ClaimAsync(default!, default!, Cancellation).ReturnsForAnyArgs(
            call => new CheckpointClaim(call.ArgAt<string>(0), call.ArgAt<string>(1), Epoch: 1, Checkpoint: null));
        forgetful.SaveAsync(default!, default!, Cancellation).ReturnsForAnyArgs(
            call => call.Arg<CheckpointClaim>() with { Checkpoint = call.Arg<Checkpoint>() });

        var output = await RunAsync(services => services.AddSingleton(forgetful), Walkthrough.Failed);

        output.Should().Contain("failed events handled from the checkpoint: expected 2, got 6");
    }

    [Fact]
    public async Task A_snapshot_that_is_not_kept_is_noticed()
    {
        var output = await RunAsync(
            services => services.AddSingleton(Substitute.For<ISnapshotStore>()), Walkthrough.Failed);

        output.Should().Contain("failed the version of the snapshot: expected 10, got 0");
    }

    [Fact]
    public async Task A_stream_that_reads_other_bytes_than_were_appended_is_noticed()
    {
        var output = await RunAsync(
            services => services.AddSingleton<IStreamReader>(provider => new ChangedStreams(
                Store(provider), envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() })),
            Walkthrough.Failed);

        output.Should().Contain("failed findings: expected none, got version 1: ContentChanged");
    }

    [Fact]
    public async Task A_tampering_that_changes_nothing_is_noticed()
    {
        var output = await RunAsync(
            services => services.AddSingleton<ITampering, HarmlessTampering>(), Walkthrough.Failed);

        output.Should().Contain("failed the first bad version: expected 3, got none");
    }

    private static InMemoryEventStore Store(IServiceProvider provider) =>
        provider.GetRequiredKeyedService<InMemoryEventStore>(string.Empty);

    /// <summary>Runs on the store in memory, with what the test puts in its place.</summary>
    private static async Task<string> RunAsync(Action<IServiceCollection> replace, int expectedExitCode)
    {
        var output = new StringWriter();
        var services = new ServiceCollection();
        new StoreChoice().AddStore(services);
        Walkthrough.AddShop(services);
        replace(services);
        await using var provider = services.BuildServiceProvider();

        var exitCode = await new Walkthrough(new Narrator(output, inColour: false)).RunAsync(provider, Cancellation);

        exitCode.Should().Be(expectedExitCode, output.ToString());
        return output.ToString();
    }
}
