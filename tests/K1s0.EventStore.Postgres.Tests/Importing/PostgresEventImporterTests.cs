using K1s0.EventStore.Archive;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Ledger;

namespace K1s0.EventStore.Postgres.Tests.Importing;

public sealed class PostgresEventImporterTests(StoreDatabase database) : IClassFixture<StoreDatabase>, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-bucket-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private FileObjectStore Objects => new(_folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Trait("Row", "I19")]
    public async Task A_lost_store_comes_back_from_the_bucket_alone_and_its_log_has_the_same_root()
    {
        using var lost = await TestLog.CreateAsync(database);
        var random = SeededRandom.Create();
        var head = await lost.GrowAsync(700, random);
        var events = await lost.Store.FeedAsync();
        await ArchiveAsync(await lost.Store.Store.GetIdentityAsync(), events, 90);
        var target = await database.NewStoreAsync();
        using var found = lost.In(target);

        var report = await RebuildAsync(target);

        report.Store.Should().Be(await target.Reopen().Store.GetIdentityAsync());
        report.Store.Should().Be((await lost.Store.Store.GetIdentityAsync()) with { Epoch = report.Store.Epoch });
        (report.Store.Epoch, report.Events).Should().Be((2, 700));
        var rebuilt = await target.FeedAsync();
        rebuilt.Should().Equal(events);
        rebuilt.Select(Whole).Should().Equal(events.Select(Whole));
        (await target.ColumnAsync<string>(Heads)).Should().Equal(await lost.Store.ColumnAsync<string>(Heads));
        var sealedHead = await found.SealAllAsync();
        (sealedHead.Size, sealedHead.Root).Should().Be((700, head.Root));
        (await found.Verifier().VerifyAsync(cancellationToken: Cancellation)).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task Appends_go_on_behind_the_last_position_and_know_every_stream_and_id()
    {
        var events = await SourceAsync(50);
        var target = await database.NewStoreAsync();
        await ImportAsync(target, events);
        var stream = events[^1].StreamId;
        var store = target.Reopen().Store;
        var version = (await store.GetHeadAsync(stream)).Version.Value;

        var next = await store.AppendAsync(stream, Some.Events(stream, 2), version);
        await Assert.ThrowsAsync<ConcurrencyException>(() => store.AppendAsync(stream, Some.Events(stream, 1), version));
        var repeated = await store.AppendAsync(stream, [events[^1] with { Version = 0, Position = default }]);

        next.FirstPosition.Value.Should().BeGreaterThan(events[^1].Position.Value);
        repeated.WasRepeated.Should().BeTrue();
        (await store.LoadAsync(stream)).Select(envelope => envelope.Version)
            .Should().Equal(Enumerable.Range(1, (int)version + 2).Select(number => (long)number));
        StreamVerifier.Verify(stream, await store.LoadAsync(stream)).IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task Events_of_months_long_gone_find_their_partitions()
    {
        var events = (await SourceAsync(40)).Select((envelope, number) => envelope with
        {
            RecordedAt = new DateTimeOffset(2019, 11, 15, 0, 0, 0, TimeSpan.Zero).AddDays(number * 10),
        }).ToList();
        var target = await database.NewStoreAsync();

        await ImportAsync(target, events);

        (await target.FeedAsync()).Select(envelope => envelope.RecordedAt)
            .Should().Equal(events.Select(envelope => envelope.RecordedAt));
        (await target.ScalarAsync<long>("select count(distinct tableoid) from {s}.events")).Should().BeGreaterThan(12);
    }

    [Fact]
    public async Task The_feed_is_empty_until_the_end_and_an_import_that_was_cut_off_goes_on()
    {
        var events = await SourceAsync(60);
        var target = await database.NewStoreAsync();
        var (source, last) = (new StoreIdentity(Guid.CreateVersion7(), 4), events[^1].Position);
        var importer = Importer(target);
        (await importer.BeginImportAsync(source, last)).Should().Be(Position.Start);
        await importer.ImportAsync([.. events.Take(30)]);
        (await target.Store.ReadFeedPageAsync(Position.Start)).Events.Should().BeEmpty();
        await Refused(() => Importer(target).EndImportAsync(), "events are missing");

        var after = await Importer(target).BeginImportAsync(source, last);
        await Refused(() => importer.ImportAsync([.. events.Take(30)]), "do not come behind");
        after.Should().Be(events[29].Position);
        await Importer(target).ImportAsync([.. events.Skip(30)]);
        (await importer.EndImportAsync()).Should().Be(source with { Epoch = 5 });

        (await importer.EndImportAsync()).Should().Be(source with { Epoch = 5 }, "repeating it is harmless");
        (await importer.BeginImportAsync(source, last)).Should().Be(last, "it is ended");
        await Refused(() => importer.ImportAsync([.. events.Take(1)]), "no import was begun");
        (await target.FeedAsync()).Should().Equal(events);
    }

    [Fact]
    public async Task A_store_with_events_and_an_import_of_another_store_are_refused_and_nothing_changes()
    {
        var (source, last) = (new StoreIdentity(Guid.CreateVersion7(), 1), new Position(9));
        var used = await database.NewStoreAsync();
        var stream = Some.Stream();
        await used.Store.AppendAsync(stream, Some.Events(stream, 3));
        var before = await used.ContentAsync();
        await Refused(() => Importer(used).BeginImportAsync(source, last), "events of its own");
        (await used.ContentAsync()).Should().Be(before);

        var target = await database.NewStoreAsync();
        await Refused(() => Importer(target).EndImportAsync(), "no import was begun");
        await Importer(target).BeginImportAsync(source, last);
        await Refused(() => Importer(target).BeginImportAsync(source with { Epoch = 2 }, last), "takes over those of");
    }

    [Fact]
    public async Task Whoever_appends_meanwhile_is_noticed()
    {
        var events = await SourceAsync(20);
        var target = await database.NewStoreAsync();
        var importer = Importer(target);
        await importer.BeginImportAsync(new StoreIdentity(Guid.CreateVersion7(), 1), events[^1].Position);
        var stream = Some.Stream();
        await target.Store.AppendAsync(stream, Some.Events(stream, 1));

        await Refused(() => importer.ImportAsync(events), "somebody else");
        await Refused(() => importer.EndImportAsync(), "somebody else");
    }

    [Theory]
    [InlineData("order")]
    [InlineData("gap")]
    [InlineData("stranger")]
    [InlineData("twice")]
    [InlineData("beyond")]
    public async Task Events_that_do_not_continue_are_refused_as_a_whole(string what)
    {
        var events = await SourceAsync(40);
        var target = await database.NewStoreAsync();
        var importer = Importer(target);
        await importer.BeginImportAsync(
            new StoreIdentity(Guid.CreateVersion7(), 1), what is "beyond" ? events[30].Position : events[^1].Position);
        await importer.ImportAsync([.. events.Take(20)]);
        var before = await target.ContentAsync();
        var next = events.Skip(20).ToList();
        var known = next.FindIndex(envelope => envelope.Version > 1);
        switch (what)
        {
            case "order":
                next.Reverse();
                break;
            case "gap":
                next[known] = next[known] with { Version = next[known].Version + 1 };
                break;
            case "stranger":
                next[known] = next[known] with { StreamId = Some.Stream() };
                break;
            case "twice":
                next[^1] = next[^1] with { Id = events[0].Id };
                break;
        }

        await Assert.ThrowsAsync<ImportRefusedException>(() => importer.ImportAsync(next));

        (await target.ContentAsync()).Should().Be(before);
    }

    private const string Heads =
        "select concat_ws(' ', stream_type, stream_id, version, encode(head_hash, 'hex'), head_event_id) from {s}.streams "
        + "order by stream_type, stream_id";

    private static (Position, long, DateTimeOffset, Guid, Sha256Digest, Sha256Digest) Whole(EventEnvelope e) =>
        (e.Position, e.Version, e.RecordedAt, e.PreviousEventId, e.ContentDigest, e.ChainHash);

    private static PostgresEventImporter Importer(TestStore store) => new(store.DataSource, store.Options);

    private static async Task Refused(Func<Task> call, string reason) =>
        (await Assert.ThrowsAsync<ImportRefusedException>(call)).Message.Should().Contain(reason);

    private static async Task ImportAsync(TestStore target, IReadOnlyList<EventEnvelope> events)
    {
        var importer = Importer(target);
        await importer.BeginImportAsync(new StoreIdentity(Guid.CreateVersion7(), 1), events[^1].Position);
        foreach (var page in events.Chunk(7))
        {
            await importer.ImportAsync(page);
        }

        await importer.EndImportAsync();
    }

    private async Task<IReadOnlyList<EventEnvelope>> SourceAsync(int count)
    {
        using var log = await TestLog.CreateAsync(database);
        await log.AppendAsync(count, SeededRandom.Create());
        return [.. await log.Store.FeedAsync()];
    }

    private Task<ArchiveRebuildReport> RebuildAsync(TestStore target) =>
        new ArchiveRebuild(Objects, Importer(target)).RunAsync(Cancellation);

    // As an archiver does it.
    private async Task ArchiveAsync(StoreIdentity store, IReadOnlyList<EventEnvelope> events, int eventsPerBatch)
    {
        var (writer, added, after) = (new EventBatchWriter(store), new List<ManifestBatch>(), Position.Start);
        foreach (var chunk in events.Chunk(eventsPerBatch))
        {
            chunk.Should().OnlyContain(envelope => writer.TryAdd(envelope));
            var batch = writer.Finish();
            await Objects.PutIfAbsentAsync(batch.Key("1"), batch.Content, batch.Attributes(), Cancellation);
            added.Add(new ManifestBatch(
                batch.Key("1"), after, batch.Index.First, batch.Index.Last, chunk.Length, batch.Index.Earliest,
                batch.Index.Latest, batch.Index.ContentLength, batch.Content.Length,
                Sha256Digest.Of(batch.Content.Span), EventRunDigest.Of(chunk)));
            after = batch.Index.Last;
        }

        await new ArchiveManifests(Objects).PutAsync(
            ArchiveListing.Empty(store).Next(1, DateTimeOffset.UnixEpoch, added), Cancellation);
    }
}
