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
