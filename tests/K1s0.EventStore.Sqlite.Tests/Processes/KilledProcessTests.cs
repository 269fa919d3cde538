using System.Globalization;

namespace K1s0.EventStore.Sqlite.Tests.Processes;

/// <summary>
/// A process that appends and is killed again and again. The number of cycles can be set by <c>K1S0_CRASH_CYCLES</c>,
/// the seed by <c>K1S0_TEST_SEED</c>.
/// </summary>
public sealed class KilledProcessTests(ITestOutputHelper output) : IDisposable
{
    private const int MostAcknowledgements = 60;

    private static readonly int Cycles = Number("K1S0_CRASH_CYCLES", 20);
    private static readonly int Seed = Number("K1S0_TEST_SEED", Environment.TickCount & 0xFFFF);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [Trait("Row", "S15")]
    [InlineData(SqliteDurability.Full)]
    [InlineData(SqliteDurability.ProcessCrash)]
    public async Task No_acknowledged_event_is_lost_and_none_appears_when_the_process_is_killed(
        SqliteDurability durability)
    {
        var path = _folder.File("store.db");
        var (history, random) = (new AppendHistory(), new Random(Seed));
        var (open, stored) = (0, 0);
        output.WriteLine($"seed {Seed}, {Cycles} kills");
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            // Every other process kills itself at the moment of an acknowledgement.
            var acknowledgements = random.Next(1, MostAcknowledgements);
            using (var writer = WriterProcess.Start(
                path, durability, seed: cycle, killAt: cycle % 2 == 1 ? acknowledgements : 0))
            {
                // One in four is killed around the opening: in the migration, or in the recovery of the last kill.
                await (cycle % 4 == 0
                    ? writer.ReadUntilAsync(history, acknowledgements, "opening")
                    : writer.ReadUntilAsync(history, acknowledgements));
                await writer.KillAsync(history);
            }

            await using var store = new TestStore(path, options => options.Durability = durability);
            await history.CheckAsync(store.Store);
            var settled = await history.SettleAsync(store.Store);
            (open, stored) = (open + settled.Open, stored + settled.Stored);
        }

        await using (var store = new TestStore(path))
        {
            await history.CheckAsync(store.Store);
        }

        output.WriteLine(
            $"{history.Acknowledged} appends stored, {open} of them not answered before a kill, {stored} of those had "
            + "been stored; 0 lost, 0 phantom");
        open.Should().BeGreaterThan(0, "otherwise no kill met an append under way");
        using var foreign = new Foreign(path);
        foreign.Scalar<string>("pragma integrity_check").Should().Be("ok");
    }

    [Fact]
    public async Task Two_processes_that_append_at_once_share_one_feed_and_one_chain_a_stream()
    {
        var path = _folder.File("store.db");
        var history = new AppendHistory();
        var other = new AppendHistory();
        using (var first = WriterProcess.Start(path, SqliteDurability.Full, seed: 1, appendsPerLane: 60))
        using (var second = WriterProcess.Start(path, SqliteDurability.Full, seed: 2, appendsPerLane: 60))
        {
            var codes = await Task.WhenAll(first.EndAsync(history), second.EndAsync(other));
            codes.Should().Equal(0, 0);
        }

        history.Acknowledged.Should().Be(360);
        other.Acknowledged.Should().Be(360);
        history.Take(other);
        await using var store = new TestStore(path);
        await history.CheckAsync(store.Store);
    }

    [Fact]
    public async Task A_disk_that_refuses_to_take_more_leaves_no_append_half_written_and_a_repetition_settles_each()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "needs a shell that limits the size of files");
        var path = _folder.File("store.db");
        var history = new AppendHistory();

        // The kernel refuses writes behind 2 MiB of any file; the runtime's own double mapping is such a file.
        const string limit = "export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f 2048;";
        using (var writer = WriterProcess.Start(path, SqliteDurability.Full, seed: 7, appendsPerLane: 200, limit))
        {
            (await writer.EndAsync(history)).Should().Be(0, "the process goes on, whatever its appends meet");
        }

        (history.SaidUnknown + history.Refused).Should().BeGreaterThan(0, "the limit was met");
        await using var store = new TestStore(path);
        await history.CheckAsync(store.Store);
        var settled = await history.SettleAsync(store.Store);
        await history.CheckAsync(store.Store);
        output.WriteLine(
            $"{history.SaidUnknown} unknown, {settled.Stored} of {settled.Open} had been stored, {history.Refused} refused");
    }

    private static int Number(string variable, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number
            : fallback;
}
