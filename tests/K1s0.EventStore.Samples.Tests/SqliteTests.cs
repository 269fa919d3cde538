using K1s0.EventStore.Samples.Quickstart;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>The quickstart on a file, through the option that its users have.</summary>
public sealed class SqliteTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-quickstart-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Trait("Row", "K02")]
    [Trait("Row", "K05")]
    [Trait("Row", "K06")]
    [Trait("Row", "K12")]
    public async Task Every_step_holds_on_SQLite_the_first_and_the_second_time()
    {
        var file = Path.Combine(_folder.FullName, "shop.db");
        for (var run = 0; run < 2; run++)
        {
            var (exitCode, output) = await RunAsync(file);

            exitCode.Should().Be(Walkthrough.Held, output);
            output.Should().Contain($"quickstart, SQLite, file {file}")
                .And.Contain("(one byte of the row, in a copy of the file)")
                .And.Contain("ok what is wrong with it: ContentChanged")
                .And.Contain("ok the store's own events are as before: True");
        }

        _folder.GetFiles().Should().ContainSingle("the file was closed").Which.Length.Should().BeGreaterThan(0);
    }

    [Theory]
    [InlineData("missing/shop.db")]
    [InlineData("")]
    public async Task A_file_that_cannot_be_used_is_named(string name)
    {
        var (exitCode, output) = await RunAsync(name.Length == 0 ? name : Path.Combine(_folder.FullName, name));

        exitCode.Should().Be(Walkthrough.Unusable, output);
        output.Should().Contain("The store cannot be used: ");
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string file)
    {
        var output = new StringWriter();
        var walkthrough = new Walkthrough(new Narrator(output, inColour: false));
        return (
            await walkthrough.RunAsync(["--sqlite", file], TestContext.Current.CancellationToken), output.ToString());
    }
}
