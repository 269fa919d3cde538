using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>A single stream is compared with every source that is given, whichever of them tells.</summary>
public sealed class VerifiedStreamTests
{
    private const int Target = 2;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_that_nobody_changed_fits_all_that_is_known()
    {
        var store = await VerifiedStore.CreateAsync();
        foreach (var stream in store.Streams)
        {
            var heads = await HeadsAsync(store, stream);

            (await VerifyAsync(store, stream, heads)).Finding.Should().BeNull();
            (await VerifyAsync(store, stream, heads[..1])).VerifiedEvents.Should().Be(8);
        }
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task The_books_are_compared_also_where_an_older_head_is_remembered()
    {
        var store = await VerifiedStore.CreateAsync();
        var remembered = (await HeadsAsync(store, store.Streams[Target]))[2];
        store.Feed.RemoveAt(store.At(Target, 8));

        var verification = await new StoreVerifier(VerifiedRoles.Of(store.Copy))
            .VerifyStreamAsync(store.Streams[Target], remembered, Cancellation);

        (verification.Finding!.Kind, verification.Finding.Version.Value).Should().Be((StreamFindingKind.TailMissing, 8));
    }

    [Fact]
    [Trait("Row", "L02")]
    public async Task Who_rewrites_a_stream_and_its_books_is_found_by_the_log()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Change(Target, 4, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        store.Rewrite();
        (await new StoreVerifier(VerifiedRoles.Of(store.Copy))
            .VerifyStreamAsync(store.Streams[Target], cancellationToken: Cancellation)).IsValid.Should().BeTrue();

        var verification = await VerifyAsync(store, store.Streams[Target]);

        (verification.Finding!.Kind, verification.Finding.Version.Value)
            .Should().Be((StreamFindingKind.HistoryReplaced, 8));
        verification.Finding.Expected.Should().Contain("leaf");
        (await VerifyAsync(store, store.Streams[1])).IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task Every_remembered_head_of_the_stream_counts_and_no_other()
    {
        var store = await VerifiedStore.CreateAsync();
        var heads = await HeadsAsync(store, store.Streams[Target]);
        store.Change(Target, 4, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        store.Rewrite();
        var verifier = new StoreVerifier(VerifiedRoles.Of(store.Copy));
        async Task<StreamVerification> With(params StreamHead[] known) => await verifier.VerifyStreamAsync(
            store.Streams[Target], new VerificationScope { RememberedHeads = known }, Cancellation);

        (await With(heads[0], heads[5])).Finding!.Version.Value.Should().Be(6);
        (await With(heads[0], heads[2])).IsValid.Should().BeTrue();
        (await With([.. await HeadsAsync(store, store.Streams[1])])).IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task A_log_that_does_not_continue_the_known_head_or_that_nobody_trusted_signed_is_found()
    {
        var store = await VerifiedStore.CreateAsync();
        var other = await VerifiedStore.CreateAsync();
        using var stranger = Signers.Ed25519(VerifiedStore.Origin, 9);
        var verifier = new StoreVerifier(VerifiedRoles.Of(store.Copy, store.Ledger));
        async Task<StreamFinding?> With(VerificationScope scope) =>
            (await verifier.VerifyStreamAsync(store.Streams[Target], scope, Cancellation)).Finding;

        (await With(new VerificationScope { KnownHead = store.Head, Keys = [store.Key] })).Should().BeNull();
        (await With(new VerificationScope { KnownHead = other.Head }))!.Found.Should().Contain("does not continue");
        (await With(new VerificationScope { Keys = [stranger.Key] }))!.Found.Should().Contain("not trusted");
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [Trait("Row", "L02")]
    public async Task A_log_that_was_forged_under_a_genuine_signature_is_found(int eventsPerStream)
    {
        // Events, tiles and root are other ones, and fit each other; only the note is the one that was signed.
        var genuine = await VerifiedStore.CreateAsync();
        var forged = await VerifiedStore.CreateAsync(eventsPerStream: eventsPerStream);
        var verifier = new StoreVerifier(VerifiedRoles.Of(forged.Copy, forged.SignedAs(genuine)));
        async Task<StreamFinding?> With(params VerifierKey[] keys) => (await verifier.VerifyStreamAsync(
            forged.Streams[Target], new VerificationScope { Keys = keys }, Cancellation)).Finding;

        (await With(genuine.Key))!.Found.Should().Contain("does not continue");
        (await With()).Should().BeNull("nothing is known from outside of the store");
    }

    [Fact]
    [Trait("Row", "L02")]
    public async Task A_log_of_which_no_head_is_signed_is_found_after_a_wait_where_keys_are_trusted()
    {
        var (store, time) = (await VerifiedStore.CreateAsync(), new WaitlessTime());
        var ledger = new SteeredLedger(store.Ledger) { SignedHead = _ => Task.FromResult<SealedHead?>(null) };
        var verifier = new StoreVerifier(VerifiedRoles.Of(store.Copy, ledger), timeProvider: time);
        async Task<StreamFinding?> With(params VerifierKey[] keys) => (await verifier.VerifyStreamAsync(
            store.Streams[Target], new VerificationScope { Keys = keys }, Cancellation)).Finding;

        (await With(store.Key))!.Found.Should().Be("no signed head");
        time.Waits.Should().HaveCount(49).And.OnlyContain(wait => wait == TimeSpan.FromMilliseconds(100));
        (await With()).Should().BeNull("no signature is looked at");

        var asked = 0;
        ledger.SignedHead = answer => ++asked > 3 ? answer : Task.FromResult<SealedHead?>(null);
        (await With(store.Key)).Should().BeNull("it was signed a moment later");
    }

    [Fact]
    public async Task Where_nothing_is_sealed_nothing_has_to_be_signed()
    {
        var store = await VerifiedStore.CreateAsync();
        var ledger = new InMemoryLedgerStore(store.Store, new InMemoryLeaseStore());

        var verification = await new StoreVerifier(VerifiedRoles.Of(store.Copy, ledger)).VerifyStreamAsync(
            store.Streams[Target], new VerificationScope { Keys = [store.Key] }, Cancellation);

        verification.IsValid.Should().BeTrue();
    }

    [Theory]
    [InlineData(41, true)]
    [InlineData(40, false)]
    [Trait("Row", "L02")]
    public async Task An_end_that_was_moved_behind_the_log_is_found_where_nobody_gave_out_its_position(
        long lastPosition, bool isGiven)
    {
        // Changed, and out of the reach of the log: who believes the position takes it for not sealed yet.
        var store = await VerifiedStore.CreateAsync();
        store.Change(Target, 8, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        store.Rewrite();
        store.Change(Target, 8, envelope => envelope with { Position = new Position(41) });
        store.Copy.LastPosition = new Position(lastPosition);

        var finding = (await VerifyAsync(store, store.Streams[Target])).Finding;

        finding?.Found.Should().Be("position 41");
        (finding is null).Should().Be(isGiven, "then only the whole store, or a remembered head, shows it");
        (await store.VerifyWithLogAsync()).IsValid.Should().BeFalse();
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task Events_that_do_not_stand_in_the_order_of_their_positions_are_found_by_the_log()
    {
        var store = await VerifiedStore.CreateAsync();
        var (second, third) = (store.At(Target, 2), store.At(Target, 3));
        (store.Feed[second], store.Feed[third]) = (
            store.Feed[second] with { Position = store.Feed[third].Position },
            store.Feed[third] with { Position = store.Feed[second].Position });

        var finding = (await VerifyAsync(store, store.Streams[Target])).Finding!;

        (finding.Kind, finding.Version.Value).Should().Be((StreamFindingKind.HistoryReplaced, 3));
        finding.Expected.Should().Contain("a position behind");
    }

    [Fact]
    public async Task A_genuine_signature_beside_a_head_of_another_size_is_not_trusted()
    {
        var store = await VerifiedStore.CreateAsync();
        var ledger = new SteeredLedger(store.Ledger)
        {
            SignedHead = async answer => (await answer)! with { Size = 39 },
        };

        var verification = await new StoreVerifier(VerifiedRoles.Of(store.Copy, ledger)).VerifyStreamAsync(
            store.Streams[Target], new VerificationScope { Keys = [store.Key] }, Cancellation);

        verification.Finding!.Found.Should().Contain("not trusted");
    }

    [Fact]
    public async Task Books_of_the_log_that_cannot_be_read_are_found_and_not_thrown()
    {
        var store = await VerifiedStore.CreateAsync();
        var fault = new StoreOperationException("A stored digest has 31 bytes.", new InvalidDataException());
        SteeredLedger[] ledgers =
        [
            new(store.Ledger) { Head = _ => Task.FromException<SealedHead>(fault) },
            new(store.Ledger) { Leaf = _ => Task.FromException<LocatedLeaf?>(fault) },
            new(store.Ledger) { Tile = (_, _) => throw fault },
        ];
        foreach (var ledger in ledgers)
        {
            (await new StoreVerifier(VerifiedRoles.Of(store.Copy, ledger))
                .VerifyStreamAsync(store.Streams[Target], cancellationToken: Cancellation)).Finding!.Found
                .Should().Contain("31 bytes");
        }
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task An_event_that_cannot_be_read_is_found_and_not_thrown()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Copy.Unreadable.Add(store.Feed[store.At(Target, 4)]);

        var verification = await VerifyAsync(store, store.Streams[Target]);

        (verification.Finding!.Kind, verification.Finding.Version.Value).Should().Be((StreamFindingKind.Unreadable, 4));
        verification.Finding.Found.Should().Contain("no event");
        (verification.VerifiedEvents, verification.Head.Version.Value).Should().Be((3, 3));
        (await VerifyAsync(store, store.Streams[1])).IsValid.Should().BeTrue();
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task A_stored_head_that_cannot_be_read_is_found_after_what_is_wrong_with_the_events()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Copy.Fault = (new StoreOperationException("A head has 31 bytes.", new InvalidDataException()), null);

        var verification = await VerifyAsync(store, store.Streams[Target]);
        verification.Finding!.Kind.Should().Be(StreamFindingKind.Unreadable);
        verification.Finding.Found.Should().Contain("31 bytes");
        verification.VerifiedEvents.Should().Be(8);

        store.Change(Target, 4, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        (await VerifyAsync(store, store.Streams[Target])).Finding!.Kind.Should().Be(StreamFindingKind.ContentChanged);
    }

    private static Task<StreamVerification> VerifyAsync(
        VerifiedStore store, StreamId stream, params StreamHead[] remembered) =>
        new StoreVerifier(VerifiedRoles.Of(store.Copy, store.Ledger)).VerifyStreamAsync(
            stream,
            new VerificationScope { RememberedHeads = remembered, KnownHead = store.Head, Keys = [store.Key] },
            Cancellation);

    // The head that the stream had after each of its events.
    private static async Task<StreamHead[]> HeadsAsync(VerifiedStore store, StreamId stream) =>
    [
        .. (await store.Store.LoadAsync(stream, cancellationToken: Cancellation)).Select(envelope => new StreamHead(
            stream, new StreamVersion(envelope.Version), envelope.Id, envelope.ChainHash)),
    ];
}
