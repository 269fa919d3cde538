using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class SimulatedPublishedLogTests : ObjectPublishedLogSuite
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);

    [Theory]
    [InlineData("ledger")]
    [InlineData("/")]
    [InlineData("../")]
    public void A_prefix_that_is_none_is_refused(string prefix) =>
        FluentActions.Invoking(() => new ObjectPublishedLog(new SimulatedObjectStore(_time), prefix))
            .Should().Throw<ArgumentException>();

    [Theory]
    [InlineData(ObjectFault.LostRequest)]
    [InlineData(ObjectFault.LostAnswer)]
    public async Task A_write_whose_outcome_is_unknown_is_told_as_one_to_repeat(ObjectFault fault)
    {
        var number = 0;
        var objects = new SimulatedObjectStore(_time, call => call.Number == number ? fault : ObjectFault.None);
        var log = new ObjectPublishedLog(objects);
        foreach (var write in new[]
        {
            () => log.PutAsync("tile/0/000.p/1", new byte[32], Cancellation),
            () => log.ReplaceCheckpointAsync(null, new byte[1], Cancellation),
            () => log.ReplaceCheckpointAsync(new byte[1], new byte[2], Cancellation),
        })
        {
            number = objects.Calls.Count + 1;

            await Assert.ThrowsAsync<StoreUnavailableException>(write);

            (await write()).Should().BeTrue();
        }
    }

    protected override Task<IReplaceableObjectStore> CreateObjectsAsync() =>
        Task.FromResult<IReplaceableObjectStore>(new SimulatedObjectStore(_time));
}
