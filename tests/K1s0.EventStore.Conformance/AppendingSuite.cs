namespace K1s0.EventStore.Conformance;

/// <summary>Appending to one stream: versions, the answer, all or none.</summary>
public abstract class AppendingSuite : ConformanceSuite
{
    [Fact]
    public async Task The_first_event_of_a_stream_has_version_one()
    {
        var stream = NewStream();

        await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);

        (await LoadAsync(stream)).Should().ContainSingle().Which.Version.Should().Be(1);
    }
}
