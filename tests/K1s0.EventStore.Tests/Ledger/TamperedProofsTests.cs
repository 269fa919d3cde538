using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Nothing is handed out that would fail at who gets it, also where the leaf itself is as it was.</summary>
public sealed class TamperedProofsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [Trait("Row", "L02")]
    public async Task An_event_whose_link_does_not_follow_the_one_before_is_not_proved(long version)
    {
        var store = await VerifiedStore.CreateAsync();
        var ledger = new SteeredLedger(store.Ledger);
        var proofs = new LedgerProofs(ledger);
        var envelope = store.Feed[store.At(2, version)];
        (await proofs.ProveEventAsync(envelope.Id, Cancellation))!
            .Verify(envelope, VerifiedStore.Origin, [store.Key]).Should().Be(EventProofVerdict.Valid);

        ledger.Leaf = async answer => (await answer)! with { PreviousLink = Sha256Digest.Of("other"u8) };

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(
            () => proofs.ProveEventAsync(envelope.Id, Cancellation));
        refusal.Message.Should().Contain($"before event {envelope.Id}");
    }

    [Fact]
    [Trait("Row", "L02")]
    public async Task An_event_that_is_not_what_its_digest_says_is_not_exported()
    {
        var store = await VerifiedStore.CreateAsync();
        var ledger = new SteeredLedger(store.Ledger);
        var proofs = new LedgerProofs(ledger);
        var envelope = store.Feed[17];
        EventFile.Parse(await proofs.ExportEventAsync(envelope.Id, Cancellation)).Should().Be(envelope);

        ledger.Event = async answer => (await answer)! with { PayloadUtf8 = "{}"u8.ToArray() };

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(
            () => proofs.ExportEventAsync(envelope.Id, Cancellation));
        refusal.Message.Should().Contain($"{envelope.Id}");
    }
}
