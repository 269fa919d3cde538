using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>Uploads that take minutes are not taken for silence, on neither side.</summary>
public sealed class SlowUploadTests
{
    private readonly ManualTime _time = new(Endpoint.Noon);

    [Fact]
    public async Task A_large_event_is_uploaded_over_a_link_on_which_it_takes_minutes()
    {
        using var link = new SlowUpload(_time);
        await using var endpoint = await Endpoint.StartAsync(_time, before: link.Watch);
        using var caller = await Endpoint.OpenNodeAsync(_time);
        var noise = new byte[60_000];
        SeededRandom.Create().NextBytes(noise);
        await Endpoint.WriteAsync(caller, 1, $"\"{Convert.ToBase64String(noise)}\"");
        using var http = new HttpClient(link, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

        var outcome = await caller
            .SynchroniseAsync(new HttpSyncTransport(http, endpoint.Address), SyncRole.Initiator)
            .WaitAsync(TimeSpan.FromSeconds(60));

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        (await endpoint.NextOutcomeAsync()).IsCompleted.Should().BeTrue();
        endpoint.Node.Clock.Should().Be(caller.Clock);
        (_time.GetUtcNow() - Endpoint.Noon).Should().BeGreaterThan(TimeSpan.FromMinutes(15));
    }
}
