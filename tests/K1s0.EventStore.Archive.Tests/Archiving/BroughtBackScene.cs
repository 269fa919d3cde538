using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Simulated databases that archive into one bucket, and may be brought back to an earlier time.</summary>
internal sealed class BroughtBackScene : IDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);

    public static readonly LifecyclePolicy Policy = new(
        new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromHours(1), StorageClass.InfrequentAccess))
    {
        CompactBelowBytes = 64 * 1024,
        RemoveAfter = TimeSpan.FromHours(1),
    };

    private readonly List<ArchivedEvents> _opened = [];

    public ManualTime Time { get; } = new(new DateTimeOffset(2026, 8, 5, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _opened.ForEach(archived => archived.Dispose());

    public static async Task<IReadOnlyList<EventEnvelope>> AppendAsync(
        SimulatedArchive archive, int count, int month, string prefix)
    {
        var events = new List<EventEnvelope>();
        for (var number = 0; number < count; number++)
        {
            var stream = new StreamId("order", $"{prefix}{number % 3}");
            events.AddRange(await archive.AppendAsync(
                stream,
                [
                    EventEnvelope.Create(
                        stream, "placed", Encoding.UTF8.GetBytes($"{{\"n\":{number}}}"), new EventMetadata()),
                ],
                new DateTimeOffset(2026, month, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(number)));
        }

        return events;
    }

    public ArchiverParts PartsOf(SimulatedArchive archive, IObjectStore objects)
    {
        var archived = new ArchivedEvents(objects, new ArchiveReadingOptions { CacheBytes = 0 });
        _opened.Add(archived);
        return new ArchiverParts(new ThroughReader(archive, archived), archive, archive, objects);
    }

    public Archiver ArchiverOf(SimulatedArchive archive, IObjectStore objects, Random? random = null) => new(
        PartsOf(archive, objects),
        new ArchivingOptions
        {
            OlderThan = TimeSpan.Zero,
            Prune = random?.Next(3) is not 0,
            MaxEventsPerBatch = random?.Next(2, 9) ?? 8,
            LeaseDuration = Lease,
        },
        Time);

    public async Task<ArchiveReport> ArchiveAsync(
        SimulatedArchive archive, IObjectStore objects, Random? random = null)
    {
        using var archiver = ArchiverOf(archive, objects, random);
        return await archiver.ArchiveAsync(cancellationToken: Cancellation);
    }

    public async Task<ArchiveAdoptionReport?> AdoptAsync(
        SimulatedArchive archive, IObjectStore objects, LostTimeline lost)
    {
        using var archiver = ArchiverOf(archive, objects);
        return await archiver.AdoptAsync(lost, cancellationToken: Cancellation);
    }

    public async Task<int> CompactAsync(
        SimulatedArchive archive, IObjectStore objects, LifecyclePolicy? policy = null) =>
        (await new ArchiveLifecycle(
            objects,
            new CatalogListings(
                PartsOf(archive, objects), new ArchivingOptions { LeaseDuration = Lease }, Time),
            policy ?? Policy,
            timeProvider: Time).RunAsync(cancellationToken: Cancellation)).CompactedInto;

    public static async Task<IReadOnlyList<string>> KeysAsync(SimulatedObjectStore objects) =>
        [.. await objects.ListAsync(cancellationToken: Cancellation).Select(entry => entry.Key.Value)
            .ToListAsync(Cancellation)];

    // Through the store each event once and in order; and the bucket alone is whole and has what the books list.
    public async Task CheckAsync(
        SimulatedArchive archive, SimulatedObjectStore objects, IReadOnlyList<EventEnvelope> events)
    {
        var read = new List<EventEnvelope>();
        await foreach (var envelope in PartsOf(archive, objects).Feed.ReadFeedAsync(
            default, pageSize: 13, cancellationToken: Cancellation))
        {
            read.Add(envelope);
        }

        read.Should().Equal(events);
        var verified = await new ArchiveVerifier(objects).VerifyAsync(Cancellation);
        verified.IsWhole.Should().BeTrue(string.Join("; ", verified.Findings));
        (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!.Batches
            .Select(batch => (batch.Key.Value, batch.Digest)).Should().Equal(
                archive.Batches.Where(batch => batch.State >= ArchiveState.Listed)
                    .Select(batch => (batch.Stored!.Key, batch.Stored.Digest)));
    }
}
