using System.Security.Cryptography;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class ArchiveRebuildTests
{
    private const string Origin = "example.com/rebuilt";

    private readonly ManualTime _time = new(ManifestSamples.Time);
    private readonly SimulatedObjectStore _objects;

    public ArchiveRebuildTests() => _objects = new SimulatedObjectStore(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Row", "I19")]
    public async Task A_lost_store_comes_back_from_the_bucket_alone_with_the_same_events_and_chains()
    {
        var archive = await ArchiveAsync();
        var store = new InMemoryEventStore();

        var report = await RebuildAsync(new InMemoryEventImporter(store));

        (report.Store, report.Events, report.Imported)
            .Should().Be((Corpus.Store with { Epoch = Corpus.Store.Epoch + 1 }, 600, 600));
        (await store.GetIdentityAsync(Cancellation)).Should().Be(report.Store);
        var events = await store.ReadFeedAsync(cancellationToken: Cancellation).ToListAsync(Cancellation);
        events.Should().Equal(archive.Events);
        events.Select(Chained).Should().Equal(archive.Events.Select(Chained));
        foreach (var stream in archive.Events.GroupBy(envelope => envelope.StreamId))
        {
            var head = await store.GetHeadAsync(stream.Key, Cancellation);
            (head.Version.Value, head.ChainHash).Should().Be((stream.Last().Version, stream.Last().ChainHash));
        }

        var next = await store.AppendAsync(
            archive.Events[^1].StreamId,
            [EventEnvelope.Create(archive.Events[^1].StreamId, "more", "{}"u8.ToArray())],
            archive.Events[^1].Version,
            Cancellation);
        next.LastPosition.Value.Should().Be(601);
    }

    [Fact]
    [Trait("Row", "I19")]
    public async Task The_rebuilt_store_grows_the_same_log_and_publishing_goes_on()
    {
        using var signer = NewSigner();
        var (lost, leases) = (new InMemoryEventStore(timeProvider: _time), new InMemoryLeaseStore());
        var archive = await ArchiveAsync();
        await new ArchiveRebuild(_objects, new InMemoryEventImporter(lost)).RunAsync(Cancellation);
        var ledger = new InMemoryLedgerStore(lost, leases);
        var log = new ObjectPublishedLog(_objects);
        var options = new LedgerOptions { Origin = Origin, Signers = { signer }, PublishTo = log };
        await SealAsync(ledger, leases, options);
        var published = await new LogPublisher(ledger, options).PublishAsync(Cancellation);
        var (store, newLeases) = (new InMemoryEventStore(timeProvider: _time), new InMemoryLeaseStore());

        await RebuildAsync(new InMemoryEventImporter(store));
        var rebuilt = new InMemoryLedgerStore(store, newLeases);
        await Assert.ThrowsAsync<LogDivergedException>(() => SealAsync(rebuilt, newLeases, options));
        newLeases = new InMemoryLeaseStore();
        rebuilt = new InMemoryLedgerStore(store, newLeases);
        await SealAsync(rebuilt, newLeases, new LedgerOptions { Origin = Origin, Signers = { signer } });
        var head = await rebuilt.GetHeadAsync(Cancellation);

        (head.Size, head.Root).Should().Be((600, published!.Root));
        var stream = archive.Events[0].StreamId;
        await store.AppendAsync(
            stream, [EventEnvelope.Create(stream, "more", "{}"u8.ToArray())], cancellationToken: Cancellation);
        await SealAsync(rebuilt, newLeases, options);
        (await new LogPublisher(rebuilt, options).PublishAsync(Cancellation))!.Size.Should().Be(601);
    }

    [Fact]
    public async Task A_rebuild_that_is_cut_off_anywhere_goes_on_and_every_event_comes_once()
    {
        var archive = await ArchiveAsync();
        for (var failAt = 1; ; failAt++)
        {
            var store = new InMemoryEventStore();
            var importer = new CutOff(new InMemoryEventImporter(store)) { FailAt = failAt };
            var failed = await Record.ExceptionAsync(() => RebuildAsync(importer));
            importer.FailAt = 0;

            var report = failed is null ? null : await RebuildAsync(importer);

            (await store.ReadFeedAsync(cancellationToken: Cancellation).ToListAsync(Cancellation))
                .Should().Equal(archive.Events, $"cut off at call {failAt}");
            if (report is null)
            {
                failAt.Should().BeGreaterThan(12, "each batch is a page at least");
                return;
            }
        }
    }

    [Fact]
    public async Task A_store_with_events_of_its_own_is_refused_and_stays_as_it_is()
    {
        await ArchiveAsync();
        var store = new InMemoryEventStore();
        var stream = new StreamId("order", "own");
        await store.AppendAsync(
            stream, [EventEnvelope.Create(stream, "placed", "{}"u8.ToArray())], cancellationToken: Cancellation);

        await Assert.ThrowsAsync<ImportRefusedException>(() => RebuildAsync(new InMemoryEventImporter(store)));

        (await store.GetSettledBoundAsync(Cancellation)).Value.Should().Be(1);
    }

    [Fact]
    public async Task What_is_damaged_stops_the_rebuild_in_front_of_it()
    {
        var archive = await ArchiveAsync();
        var victim = archive.Listing.Batches[4];
        _objects.Damage(victim.Key, content => [.. content.SkipLast(1), 0]);
        var store = new InMemoryEventStore();

        var damaged = await Assert.ThrowsAsync<ObjectDamagedException>(
            () => RebuildAsync(new InMemoryEventImporter(store)));

        damaged.Key.Should().Be(victim.Key.Value);
        (await store.GetSettledBoundAsync(Cancellation)).Should().Be(victim.After);
    }

    [Fact]
    public async Task A_chain_that_breaks_is_not_rebuilt()
    {
        var events = (await Corpus.Create().OrdersAsync(600, streams: 5)).ToList();
        await TestArchive.CreateAsync(_objects, [.. events.Where((_, number) => number != 300)]);
        var store = new InMemoryEventStore();

        await Assert.ThrowsAnyAsync<EventStoreException>(() => RebuildAsync(new InMemoryEventImporter(store)));

        (await store.GetSettledBoundAsync(Cancellation)).Value.Should().BeLessThanOrEqualTo(300);
    }

    [Fact]
    public async Task An_archive_that_does_not_begin_with_the_first_event_is_told_and_an_empty_bucket_too()
    {
        await Assert.ThrowsAsync<ObjectDamagedException>(() => RebuildAsync(new InMemoryEventImporter(new())));
        var events = await Corpus.Create().OrdersAsync(100);
        var later = await TestArchive.PutAsync(_objects, [.. events.Skip(50)], events[49].Position);
        var manifest = ArchiveListing.Empty(Corpus.Store).Next(1, ManifestSamples.Time, [later]);
        await new ArchiveManifests(_objects).PutAsync(manifest, Cancellation);

        var partial = await Assert.ThrowsAsync<ObjectDamagedException>(
            () => RebuildAsync(new InMemoryEventImporter(new())));

        partial.Message.Should().Contain("not the whole store");
    }

    private static (Position, long, DateTimeOffset, Guid, Sha256Digest, Sha256Digest) Chained(EventEnvelope e) =>
        (e.Position, e.Version, e.RecordedAt, e.PreviousEventId, e.ContentDigest, e.ChainHash);

    private static PemTreeHeadSigner NewSigner()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PemTreeHeadSigner.Create(Origin, key.ExportPkcs8PrivateKeyPem());
    }

    private static async Task SealAsync(ILedgerStore ledger, ILeaseStore leases, LedgerOptions options)
    {
        var sealer = new LogSealer(ledger, leases, options);
        (await sealer.SealAsync(Cancellation)).HasMore.Should().BeFalse();
        await sealer.SignAsync(Cancellation);
        await sealer.ReleaseAsync(Cancellation);
    }

    private async Task<TestArchive> ArchiveAsync() =>
        await TestArchive.CreateAsync(_objects, await Corpus.Create().OrdersAsync(600));

    private Task<ArchiveRebuildReport> RebuildAsync(IEventImporter importer) =>
        new ArchiveRebuild(_objects, importer).RunAsync(Cancellation);

    private sealed class CutOff(IEventImporter inner) : IEventImporter
    {
        private int _calls;

        public int FailAt { get; set; }

        public async Task<Position> BeginImportAsync(
            StoreIdentity source, Position last, CancellationToken cancellationToken = default) =>
            await AtAsync(() => inner.BeginImportAsync(source, last, cancellationToken));

        public async Task ImportAsync(
            IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken = default) =>
            await AtAsync(async () =>
            {
                await inner.ImportAsync(events, cancellationToken);
                return true;
            });

        public async Task<StoreIdentity> EndImportAsync(CancellationToken cancellationToken = default) =>
            await AtAsync(() => inner.EndImportAsync(cancellationToken));

        // Done, and nobody hears of it.
        private async Task<TResult> AtAsync<TResult>(Func<Task<TResult>> call)
        {
            var result = await call();
            return ++_calls == FailAt ? throw new WriteOutcomeUnknownException("cut off") : result;
        }
    }
}
