namespace K1s0.EventStore.Sqlite.Tests.Files;

public sealed class DurabilityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SqliteDurability.Full, 2)]
    [InlineData(SqliteDurability.ProcessCrash, 1)]
    public async Task The_connection_that_writes_flushes_as_it_was_told(SqliteDurability durability, long synchronous)
    {
        await using var store = new TestStore(_folder.File("store.db"), options => options.Durability = durability);

        var (actual, mode) = await store.File.WriteAsync(
            session => (session.Number("get_synchronous"), session.Query("set_wal_mode", row => row.Text(0))[0]),
            CancellationToken.None);

        actual.Should().Be(synchronous);
        mode.Should().Be("wal");
    }

    [Fact]
    public void The_default_survives_a_power_loss() =>
        new SqliteOptions().Durability.Should().Be(SqliteDurability.Full);

    [Fact]
    public async Task A_connection_that_reads_cannot_write()
    {
        await using var store = new TestStore(_folder.File("store.db"));

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(() => store.File.ReadAsync(
            session => { session.Execute("begin_epoch"); return true; }, CancellationToken.None));

        refusal.Message.Should().Contain("read-only");
        (await store.Store.GetIdentityAsync()).Epoch.Should().Be(1);
    }
}
