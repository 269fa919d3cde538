using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>What the log knows of a range also holds at the edges that lie within the log, and in unreadable books.</summary>
public sealed class VerifiedRangeTests
{
    private static readonly VerificationScope Middle = new() { After = new Position(12), UpTo = new Position(29) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(13, 13)]
    [InlineData(13, 15)]
    [InlineData(29, 29)]
    [InlineData(27, 29)]
    [InlineData(13, 29)]
    [Trait("Row", "L03")]
    public async Task Events_that_were_taken_away_at_an_inner_edge_are_found_by_the_log(long first, long last)
    {
        var store = await VerifiedStore.CreateAsync();
        store.Feed.RemoveAll(envelope => envelope.Position.Value >= first && envelope.Position.Value <= last);

        var verification = await VerifyAsync(store, store.Ledger);

        verification.Findings.Should().Contain(finding => finding.Kind == StoreFindingKind.Deleted
            && finding.Stream == null && finding.Position.Value >= first && finding.Position.Value <= last);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(29)]
    [Trait("Row", "L03")]
    public async Task An_event_that_is_gone_from_the_tables_at_an_inner_edge_is_found_by_its_leaf(long leaf)
    {
        // As the tables answer: the next event comes in its place.
        var store = await VerifiedStore.CreateAsync();
        var gone = store.Feed[(int)leaf];
        var next = store.Feed[(int)leaf + 1];
        store.Feed.Remove(gone);
        var ledger = new SteeredLedger(store.Ledger)
        {
            Records = (index, records) => index == leaf ? [Integrity.LeafRecord.Of(next)] : records,
        };
        var scope = leaf == 12 ? Middle : new VerificationScope { After = new Position(12), UpTo = new Position(30) };

        (await VerifyAsync(store, ledger, scope)).Findings.Should().Contain(finding =>
            finding.Kind == StoreFindingKind.Deleted && finding.Expected.Contains($"leaf {leaf}"));
    }

    [Fact]
    public async Task An_edge_where_nothing_was_changed_is_in_order_wherever_it_lies()
    {
        var store = await VerifiedStore.CreateAsync();
        for (var after = 0; after <= 40; after += 4)
        {
            for (var upTo = after; upTo <= 41; upTo += 3)
            {
                var scope = new VerificationScope { After = new Position(after), UpTo = new Position(upTo) };

                (await VerifyAsync(store, store.Ledger, scope)).Findings.Should().BeEmpty("{0} to {1}", after, upTo);
            }
        }
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
            new(store.Ledger) { Records = (_, _) => throw fault },
        ];
        foreach (var ledger in ledgers)
        {
            (await VerifyAsync(store, ledger)).Findings.Should().Contain(finding =>
                finding.Kind == StoreFindingKind.LogAltered && finding.Found.Contains("31 bytes"));
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [Trait("Row", "L02")]
    public async Task A_log_that_was_forged_under_a_genuine_signature_is_found(int eventsPerStream)
    {
        var genuine = await VerifiedStore.CreateAsync();
        var forged = await VerifiedStore.CreateAsync(eventsPerStream: eventsPerStream);
        var verifier = new StoreVerifier(VerifiedRoles.Of(forged.Copy, forged.SignedAs(genuine)));

        var verification = await verifier.VerifyAsync(
            Middle with { Keys = [genuine.Key] }, cancellationToken: Cancellation);

        verification.Findings.Should().Contain(finding => finding.Kind == StoreFindingKind.LogAltered
            && finding.Found.Contains("does not continue"));
        (await verifier.VerifyAsync(Middle, cancellationToken: Cancellation)).Findings
            .Should().BeEmpty("nothing is known from outside of the store");
    }

    [Fact]
    public async Task A_log_that_nobody_trusted_signed_is_found()
    {
        var store = await VerifiedStore.CreateAsync();
        using var stranger = Signers.Ed25519(VerifiedStore.Origin, 9);
        var verifier = new StoreVerifier(VerifiedRoles.Of(store.Copy, store.Ledger));

        var verification = await verifier.VerifyAsync(
            Middle with { Keys = [stranger.Key] }, cancellationToken: Cancellation);

        verification.Findings.Should().ContainSingle().Which.Found.Should().Contain("none that is trusted");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Row", "L02")]
    public async Task A_log_of_which_no_head_is_signed_is_found_where_keys_are_trusted(bool isWholeStore)
    {
        var (store, time) = (await VerifiedStore.CreateAsync(), new WaitlessTime());
        var ledger = new SteeredLedger(store.Ledger) { SignedHead = _ => Task.FromResult<SealedHead?>(null) };
        var verifier = new StoreVerifier(VerifiedRoles.Of(store.Copy, ledger), timeProvider: time);
        var scope = isWholeStore ? new VerificationScope() : Middle;

        var verification = await verifier.VerifyAsync(scope with { Keys = [store.Key] }, cancellationToken: Cancellation);

        var finding = verification.Findings.Should().ContainSingle().Subject;
        (finding.Kind, finding.Found).Should().Be((StoreFindingKind.LogAltered, "no signature at all"));
        time.Waits.Should().NotBeEmpty();
        (await verifier.VerifyAsync(scope, cancellationToken: Cancellation)).Findings
            .Should().BeEmpty("no signature is looked at");
        var asked = 0;
        ledger.SignedHead = answer => ++asked > 3 ? answer : Task.FromResult<SealedHead?>(null);
        (await verifier.VerifyAsync(scope with { Keys = [store.Key] }, cancellationToken: Cancellation)).Findings
            .Should().BeEmpty("it was signed a moment later");
    }

    [Fact]
    public async Task An_event_before_the_range_that_cannot_be_read_is_found_and_not_thrown()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Copy.Unreadable.Add(store.Feed[10]);

        var verification = await store.VerifyAsync(Middle);

        verification.Findings.Should().Contain(finding => finding.Kind == StoreFindingKind.Unreadable
            && finding.Stream == store.Feed[10].StreamId && finding.Version.Value == store.Feed[10].Version);
    }

    private static Task<StoreVerification> VerifyAsync(
        VerifiedStore store, ILedgerStore ledger, VerificationScope? scope = null) =>
        new StoreVerifier(VerifiedRoles.Of(store.Copy, ledger)).VerifyAsync(
            (scope ?? Middle) with { KnownHead = store.Head, Keys = [store.Key] }, cancellationToken: Cancellation);
}
