using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>What an archive of many manifests costs, and what of them has to be whole.</summary>
public sealed class AgedArchiveTests
{
    private static readonly LifecyclePolicy Policy = LifecyclePolicy.Default with { CompactBelowBytes = 0 };

    private readonly ManualTime _time = new(ManifestSamples.Time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_that_removes_makes_as_many_requests_for_an_old_archive_as_for_a_young_one()
    {
        var events = await Corpus.Create().OrdersAsync(520);
        var requests = new List<int>();
        foreach (var manifests in new[] { 260, 516 })
        {
            var objects = new SimulatedObjectStore(_time);
            await CreateAsync(objects, [.. events.Take(manifests)]);
            var lifecycle = new ArchiveLifecycle(
                objects, new BucketListings(objects, _time), Policy, timeProvider: _time);
            var before = objects.Calls.Count;

            (await lifecycle.RunAsync(cancellationToken: Cancellation)).Removed.Should().Be(1);

            // Besides those for each batch.
            requests.Add(objects.Calls.Skip(before)
                .Count(call => !call.Key.StartsWith("events/", StringComparison.Ordinal)));
        }

        requests[1].Should().Be(requests[0]).And.BeLessThan(20);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_manifest_that_nothing_counts_on_any_more_is_named_when_it_is_wrong_and_stops_nothing(bool isGone)
    {
        var objects = new SimulatedObjectStore(_time);
        var events = await Corpus.Create().OrdersAsync(260);
        await CreateAsync(objects, events);
        var key = ArchiveManifest.KeyOf(3);
        if (isGone)
        {
            await objects.DeleteAsync(key, Cancellation);
        }
        else
        {
            objects.Damage(key, content => [.. content.SkipLast(1), 0]);
        }

        var report = await new ArchiveLifecycle(
            objects, new BucketListings(objects, _time), Policy, timeProvider: _time)
            .RunAsync(cancellationToken: Cancellation);
        var rebuilt = new InMemoryEventStore(timeProvider: _time);
        var rebuild = await new ArchiveRebuild(objects, new InMemoryEventImporter(rebuilt)).RunAsync(Cancellation);
        var verified = await new ArchiveVerifier(objects).VerifyAsync(Cancellation);

        report.Removed.Should().Be(1);
        rebuild.Events.Should().Be(260);
        verified.Events.Should().Be(260, "all batches were read");
        verified.Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(
            new { Kind = ArchiveFindingKind.Manifest, Key = key.Value });
    }

    // Small batches, each with a manifest of its own, and one object that nobody lists; then time passes.
    private async Task CreateAsync(SimulatedObjectStore objects, IReadOnlyList<EventEnvelope> events)
    {
        await TestArchive.CreateAsync(objects, events, eventsPerBatch: 1, batchesPerManifest: 1);
        await TestArchive.PutAsync(objects, [events[7]], events[6].Position, attempt: "2");
        _time.Advance(TimeSpan.FromDays(3));
    }
}
