namespace K1s0.EventStore.Tests;

/// <summary>A store that grows, is sealed and signed between any two questions of the verifier is in order.</summary>
public sealed class WorkingSealerTests
{
    private const string Origin = "example.com/working";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_sealed_after_each_question_for_a_head_is_no_tampering(bool isRange)
    {
        var (store, leases) = (new InMemoryEventStore(), new InMemoryLeaseStore());
        var inner = new InMemoryLedgerStore(store, leases);
        using var signer = Signers.Ed25519(Origin, 3);
        var sealer = new LogSealer(inner, leases, new LedgerOptions { Origin = Origin, Signers = { signer } });
        await GrowAsync();
        var ledger = new SteeredLedger(inner)
        {
            Head = ThenGrowAsync,
            SignedHead = ThenGrowAsync,
        };

        var verification = await new StoreVerifier(VerifiedRoles.Of(store, ledger)).VerifyAsync(
            new VerificationScope { Keys = [signer.Key], UpTo = isRange ? new Position(1_000) : null },
            cancellationToken: Cancellation);

        verification.Findings.Should().BeEmpty();
        verification.SealedLeaves.Should().BeGreaterThanOrEqualTo(3);

        async Task<THead> ThenGrowAsync<THead>(Task<THead> answer)
        {
            var head = await answer;
            await GrowAsync();
            return head;
        }

        async Task GrowAsync()
        {
            var stream = new StreamId("order", Guid.CreateVersion7().ToString());
            await store.AppendAsync(
                stream,
                Enumerable.Range(0, 3).Select(_ => EventEnvelope.Create(stream, "ItemAdded", "{}"u8.ToArray())),
                0,
                Cancellation);
            await sealer.SealAsync(Cancellation);
            await sealer.SignAsync(Cancellation);
        }
    }
}
