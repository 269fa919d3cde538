using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Every way to change a store is found, called by its name, and placed.</summary>
public sealed class StoreVerifierTests
{
    private const int Target = 2;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<int, int, int> Shapes => new() { { 1, 1_000, 100 }, { 2, 7, 100 }, { 4, 3, 100 }, { 2, 5, 16 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    [Trait("Row", "X16")]
    public async Task A_store_that_nobody_changed_is_verified_whole(int lanes, int pageSize, int maxStreams)
    {
        var store = await VerifiedStore.CreateAsync(streams: 40, eventsPerStream: 3);
        var options = new StoreVerifierOptions { Lanes = lanes, PageSize = pageSize, MaxStreams = maxStreams };
        var progress = new List<VerificationProgress>();

        var verification = await new StoreVerifier(VerifiedRoles.Of(store.Copy, store.Ledger), options).VerifyAsync(
            new VerificationScope { KnownHead = store.Head, Keys = [store.Key] }, new Reports(progress), Cancellation);

        verification.Findings.Should().BeEmpty();
        (verification.Events, verification.Streams, verification.SealedLeaves).Should().Be((120, 40, 120));
        verification.Bytes.Should().Be(
            store.Feed.Sum(envelope => envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length));
        verification.VerifiedTo.Should().Be(new Position(120));
        (verification.Passes > 1).Should().Be(maxStreams < 40);
        progress.Select(report => (report.Pass, report.Position)).Should().BeInAscendingOrder();
        progress[^1].Should().Be(
            new VerificationProgress(120, new Position(120), new Position(120), 0, verification.Passes));
        verification.ToString().Should().Contain("120 events of 40 streams").And.Contain("as they were appended");
    }

    [Theory]
    [InlineData("payload")]
    [InlineData("metadata")]
    [InlineData("type")]
    [InlineData("schema version")]
    [InlineData("time")]
    [InlineData("id")]
    [InlineData("digest")]
    [InlineData("link")]
    [InlineData("previous id")]
    [Trait("Row", "L02")]
    public async Task An_edited_event_is_found(string part)
    {
        var store = await VerifiedStore.CreateAsync();
        store.Change(Target, 4, envelope => part switch
        {
            "payload" => envelope with { PayloadUtf8 = "{}"u8.ToArray() },
            "metadata" => envelope with { MetadataUtf8 = """{"actor":"eve"}"""u8.ToArray() },
            "type" => envelope with { EventType = "ItemRemoved" },
            "schema version" => envelope with { SchemaVersion = 2 },
            "time" => envelope with { OccurredAt = envelope.OccurredAt.AddTicks(10) },
            "id" => envelope with { Id = Guid.CreateVersion7() },
            "digest" => envelope with { ContentDigest = Sha256Digest.Of("other"u8) },
            "link" => envelope with { ChainHash = Sha256Digest.Of("other"u8) },
            _ => envelope with { PreviousEventId = Guid.CreateVersion7() },
        });

        var verification = await store.VerifyAsync();

        Expect(store, verification, StoreFindingKind.Edited, 4);
        verification.FindingCount.Should().Be(1, "what comes behind is as it was");
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task A_deleted_event_is_found()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Feed.RemoveAt(store.At(Target, 4));

        var verification = await store.VerifyAsync();

        Expect(store, verification, StoreFindingKind.Deleted, 4);
        verification.FindingCount.Should().Be(1);
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task A_deleted_event_is_found_also_when_the_versions_were_closed_up_and_the_books_changed()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Feed.RemoveAt(store.At(Target, 4));
        for (var version = 5; version <= 8; version++)
        {
            store.Change(Target, version, envelope => envelope with { Version = version - 1 });
        }

        store.Copy.Rebook();

        Expect(store, await store.VerifyAsync(), StoreFindingKind.Deleted, 4);
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task An_inserted_event_is_found()
    {
        var store = await VerifiedStore.CreateAsync();
        for (var version = 8; version >= 4; version--)
        {
            store.Change(Target, version, envelope => envelope with { Version = version + 1 });
        }

        // As good as it can be made without changing what comes behind.
        var (before, at) = (store.Feed[store.At(Target, 3)], store.At(Target, 5));
        var forged = EventEnvelope.Create(before.StreamId, "ItemAdded", "{}"u8.ToArray());
        var content = ContentDigest.Compute(forged);
        store.Feed.Insert(at, forged with
        {
            Version = 4,
            PreviousEventId = before.Id,
            ContentDigest = content,
            ChainHash = StreamChain.Next(StreamChain.Tag(before.StreamId), 4, before.ChainHash, content),
        });
        store.Copy.Renumber();

        Expect(store, await store.VerifyAsync(), StoreFindingKind.Inserted, 4);
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(2, 6)]
    [Trait("Row", "L03")]
    public async Task Two_swapped_events_are_found(long first, long second)
    {
        var store = await VerifiedStore.CreateAsync();
        var (one, two) = (store.At(Target, first), store.At(Target, second));
        (store.Feed[one], store.Feed[two]) = (
            store.Feed[two] with { Version = first, Position = store.Feed[one].Position },
            store.Feed[one] with { Version = second, Position = store.Feed[two].Position });

        var verification = await store.VerifyAsync();

        Expect(store, verification, StoreFindingKind.Swapped, first);
        Expect(store, verification, StoreFindingKind.Swapped, second);
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task Two_swapped_positions_are_found_in_the_stream_and_between_streams_with_the_log()
    {
        var store = await VerifiedStore.CreateAsync();
        var (one, two) = (store.At(Target, 3), store.At(Target, 4));
        (store.Feed[one], store.Feed[two]) = (store.Feed[two], store.Feed[one]);
        store.Copy.Renumber();
        Expect(store, await store.VerifyAsync(), StoreFindingKind.Swapped, 3);

        var other = await VerifiedStore.CreateAsync();
        (other.Feed[7], other.Feed[8]) = (other.Feed[8], other.Feed[7]);
        other.Copy.Renumber();
        (await other.VerifyAsync()).IsValid.Should().BeTrue("no chain covers the order between streams");
        (await other.VerifyWithLogAsync()).Findings.Select(finding => finding.Kind)
            .Should().Contain(StoreFindingKind.Swapped).And.Contain(StoreFindingKind.LogAltered);
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task A_duplicated_event_is_found()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Feed.Add(store.Feed[store.At(Target, 4)]);
        store.Copy.Renumber();
        Expect(store, await store.VerifyAsync(), StoreFindingKind.Duplicated, 4);

        var other = await VerifiedStore.CreateAsync();
        other.Feed.Add(other.Feed[other.At(Target, 4)] with { Version = 9 });
        other.Copy.Renumber();
        Expect(other, await other.VerifyAsync(), StoreFindingKind.Duplicated, 9);
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task An_event_that_was_spliced_in_from_another_stream_is_found_in_both()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Change(1, 4, envelope => envelope with { StreamId = store.Streams[Target], Version = 9 });
        store.Feed.Add(store.Feed[store.At(Target, 9)]);
        store.Feed.RemoveAt(store.At(Target, 9));
        store.Copy.Renumber();

        var verification = await store.VerifyAsync();

        Expect(store, verification, StoreFindingKind.Spliced, 9);
        verification.Findings.Should().Contain(finding => finding.Kind == StoreFindingKind.Deleted
            && finding.Stream == store.Streams[1] && finding.Version.Value == 4);
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task A_stream_with_another_root_is_found()
    {
        var store = await VerifiedStore.CreateAsync();
        var tag = Sha256Digest.Of("other root"u8);
        var link = StreamChain.Genesis(tag);
        for (var version = 1L; version <= 8; version++)
        {
            store.Change(Target, version, envelope => envelope with
            {
                ChainHash = link = StreamChain.Next(tag, version, link, envelope.ContentDigest),
            });
        }

        store.Copy.Rebook();

        Expect(store, await store.VerifyAsync(), StoreFindingKind.ReRooted, 1);
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task A_cut_tail_is_found_by_the_books_by_a_remembered_head_and_by_the_log()
    {
        var store = await VerifiedStore.CreateAsync();
        var remembered = await store.Copy.GetHeadAsync(store.Streams[Target], Cancellation);
        store.Feed.RemoveAll(envelope => envelope.StreamId == store.Streams[Target] && envelope.Version > 5);
        Expect(store, await store.VerifyAsync(), StoreFindingKind.TailCutOff, 6);

        store.Copy.Renumber();
        store.Copy.Rebook();
        (await store.VerifyAsync()).IsValid.Should().BeTrue("nothing in the store knows of the tail");

        Expect(
            store,
            await store.VerifyAsync(new VerificationScope { RememberedHeads = [remembered] }),
            StoreFindingKind.TailCutOff,
            6);
        (await store.VerifyWithLogAsync()).Findings.Should().Contain(
            finding => finding.Kind == StoreFindingKind.TailCutOff && finding.Expected.Contains("known head"));
    }

    [Fact]
    public async Task A_stream_that_is_gone_is_found_by_a_remembered_head()
    {
        var store = await VerifiedStore.CreateAsync();
        var remembered = await store.Copy.GetHeadAsync(store.Streams[Target], Cancellation);
        store.Feed.RemoveAll(envelope => envelope.StreamId == store.Streams[Target]);
        store.Copy.Rebook();

        Expect(
            store,
            await store.VerifyAsync(new VerificationScope { RememberedHeads = [remembered] }),
            StoreFindingKind.TailCutOff,
            1);
    }

    [Fact]
    public async Task Several_remembered_heads_of_one_stream_count_each()
    {
        var store = await VerifiedStore.CreateAsync();
        StreamHead[] heads =
        [
            .. store.Feed.Where(envelope => envelope.StreamId == store.Streams[Target]).Select(envelope =>
                new StreamHead(
                    envelope.StreamId, new StreamVersion(envelope.Version), envelope.Id, envelope.ChainHash)),
        ];
        Task<StoreVerification> With(params StreamHead[] known) =>
            store.VerifyAsync(new VerificationScope { RememberedHeads = known });
        (await With(heads)).Findings.Should().BeEmpty();

        store.Change(Target, 4, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        store.Rewrite();
        var rewritten = await With(heads[1], heads[4], heads[6]);
        Expect(store, rewritten, StoreFindingKind.ReRooted, 5);
        Expect(store, rewritten, StoreFindingKind.ReRooted, 7);
        rewritten.FindingCount.Should().Be(2);

        store.Feed.RemoveAll(envelope => envelope.StreamId == store.Streams[Target] && envelope.Version > 3);
        store.Copy.Renumber();
        store.Copy.Rebook();
        var cut = await With(heads[1], heads[7], heads[5]);
        Expect(store, cut, StoreFindingKind.TailCutOff, 4);
        cut.FindingCount.Should().Be(1);
    }

    [Fact]
    public async Task Who_rewrites_everything_is_found_by_what_is_known_from_outside()
    {
        var store = await VerifiedStore.CreateAsync();
        var remembered = await store.Copy.GetHeadAsync(store.Streams[Target], Cancellation);
        store.Change(Target, 4, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        store.Rewrite();
        (await store.VerifyAsync()).IsValid.Should().BeTrue("the store is consistent in itself");

        Expect(
            store,
            await store.VerifyAsync(new VerificationScope { RememberedHeads = [remembered] }),
            StoreFindingKind.ReRooted,
            8);
        var withLog = await store.VerifyWithLogAsync(
            new VerificationScope { KnownTiles = store.Ledger });
        Expect(store, withLog, StoreFindingKind.Edited, 4);
        withLog.Findings.Should().Contain(finding => finding.Kind == StoreFindingKind.LogAltered
            && finding.Expected.Contains("the known head"));
    }

    [Theory]
    [InlineData("version")]
    [InlineData("hash")]
    [InlineData("id")]
    [InlineData("count")]
    [InlineData("missing")]
    public async Task Books_that_do_not_fit_the_events_are_found(string part)
    {
        var store = await VerifiedStore.CreateAsync();
        var at = store.Copy.Books.FindIndex(entry => entry.Head.StreamId == store.Streams[Target]);
        var entry = store.Copy.Books[at];
        store.Copy.Books[at] = part switch
        {
            "version" => new CatalogEntry(entry.Head with { Version = new StreamVersion(7) }, 7),
            "hash" => entry with { Head = entry.Head with { ChainHash = default } },
            "id" => entry with { Head = entry.Head with { LastEventId = Guid.Empty } },
            _ => entry with { Events = 7 },
        };
        if (part is "missing")
        {
            store.Copy.Books.RemoveAt(at);
        }

        Expect(store, await store.VerifyAsync(), StoreFindingKind.Misfiled, 8);
    }

    [Fact]
    public async Task What_is_no_event_is_named_and_the_rest_is_verified()
    {
        var store = await VerifiedStore.CreateAsync();
        var at = store.At(Target, 4);
        store.Copy.Unreadable.Add(store.Feed[at]);

        var verification = await store.VerifyAsync();

        verification.Findings.Should().Contain(finding =>
            finding.Kind == StoreFindingKind.Unreadable && finding.Position == store.Feed[at].Position);
        verification.Events.Should().Be(39);
        Expect(store, verification, StoreFindingKind.Deleted, 4);
    }

    [Fact]
    public async Task All_findings_are_counted_and_so_many_kept()
    {
        var store = await VerifiedStore.CreateAsync();
        for (var version = 1; version <= 8; version++)
        {
            store.Change(Target, version, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
            store.Change(3, version, envelope => envelope with { EventType = "Other" });
        }

        var verification = await store.VerifyAsync(options: new StoreVerifierOptions { MaxFindings = 3 });

        (verification.FindingCount, verification.Findings.Count).Should().Be((16, 3));
        verification.ToString().Should().Contain("16 findings");
    }

    [Fact]
    public async Task A_range_is_verified_by_itself_and_against_the_log()
    {
        var store = await VerifiedStore.CreateAsync();
        var scope = new VerificationScope { After = new Position(12), UpTo = new Position(29) };
        var untouched = await store.VerifyWithLogAsync(scope);
        untouched.Findings.Should().BeEmpty();
        (untouched.Events, untouched.SealedLeaves).Should().Be((17, 17));

        store.Change(Target, 4, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        Expect(store, await store.VerifyAsync(scope), StoreFindingKind.Edited, 4);
        (await store.VerifyAsync(new VerificationScope { After = new Position(29) })).IsValid
            .Should().BeTrue("the event lies before the range");

        store.Rewrite();
        (await store.VerifyAsync(scope)).IsValid.Should().BeTrue();
        Expect(store, await store.VerifyWithLogAsync(scope), StoreFindingKind.Edited, 4);
    }

    [Theory]
    [InlineData(25)]
    [InlineData(12)]
    public async Task A_range_whose_end_was_cut_off_is_found_by_the_log(long last)
    {
        var store = await VerifiedStore.CreateAsync();
        store.Feed.RemoveAll(envelope => envelope.Position > new Position(last));
        store.Copy.Rebook();
        var scope = new VerificationScope { After = new Position(12) };
        (await store.VerifyAsync(scope)).IsValid.Should().BeTrue("nothing in the store knows of the tail");

        (await store.VerifyWithLogAsync(scope)).Findings.Should().Contain(
            finding => finding.Kind == StoreFindingKind.TailCutOff);
    }

    [Fact]
    public async Task A_range_whose_beginning_was_taken_away_is_found_by_the_log()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Feed.RemoveAt(0);

        (await store.VerifyWithLogAsync(new VerificationScope { UpTo = new Position(20) })).Findings.Should().Contain(
            finding => finding.Kind == StoreFindingKind.Deleted && finding.Expected == "leaf 0");
    }

    [Fact]
    public async Task What_the_log_shows_of_a_stream_is_kept_when_the_stream_is_left_for_a_later_pass()
    {
        var options = new StoreVerifierOptions { MaxStreams = 16, PageSize = 5 };
        for (var target = 0; target < 40; target++)
        {
            var store = await VerifiedStore.CreateAsync(streams: 40, eventsPerStream: 3);
            store.Change(target, 1, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
            store.Rewrite();

            var verification = await new StoreVerifier(VerifiedRoles.Of(store.Copy, store.Ledger), options).VerifyAsync(
                new VerificationScope { KnownHead = store.Head, Keys = [store.Key] }, null, Cancellation);

            verification.Passes.Should().BeGreaterThan(1);
            verification.Findings.Should().Contain(finding =>
                finding.Kind == StoreFindingKind.Edited && finding.Stream == store.Streams[target]);
        }
    }

    [Fact]
    public async Task A_stream_is_verified_by_itself()
    {
        var store = await VerifiedStore.CreateAsync();
        var verifier = new StoreVerifier(VerifiedRoles.Of(store.Copy));
        (await verifier.VerifyStreamAsync(store.Streams[Target], cancellationToken: Cancellation)).VerifiedEvents.Should().Be(8);

        store.Change(Target, 4, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });

        (await verifier.VerifyStreamAsync(store.Streams[Target], cancellationToken: Cancellation)).Finding!.Kind
            .Should().Be(StreamFindingKind.ContentChanged);
        (await verifier.VerifyStreamAsync(store.Streams[1], cancellationToken: Cancellation)).IsValid.Should().BeTrue();
    }

    [Fact]
    public void Options_out_of_their_range_are_refused()
    {
        var refused = () => new StoreVerifier(
            VerifiedRoles.Of(new InMemoryEventStore()), new StoreVerifierOptions { Lanes = 0 });

        refused.Should().Throw<ArgumentException>().WithMessage("*Lanes*");
    }

    private static void Expect(
        VerifiedStore store, StoreVerification verification, StoreFindingKind kind, long version) =>
        verification.Findings.Should().Contain(
            finding => finding.Kind == kind && finding.Stream == store.Streams[Target]
                && finding.Version.Value == version,
            "of these: {0}",
            string.Join(" | ", verification.Findings));

    private sealed class Reports(List<VerificationProgress> reports) : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value) => reports.Add(value);
    }
}
