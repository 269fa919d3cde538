using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>What a sealer or a publisher has read can be outdated when it goes on.</summary>
public sealed class LateAnswersTests : IDisposable
{
    private const string Origin = "example.com/late";

    private readonly InMemoryEventStore _store = new();
    private readonly InMemoryLeaseStore _leases = new();
    private readonly InMemoryLedgerStore _stored;
    private readonly SteeredLedger _ledger;
    private readonly PemTreeHeadSigner _signer = Signers.Ed25519(Origin, 3);
    private readonly PemTreeHeadSigner _newSigner = Signers.Ed25519(Origin, 4);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("k1s0-late-");

    public LateAnswersTests()
    {
        _stored = new InMemoryLedgerStore(_store, _leases);
        _ledger = new SteeredLedger(_stored);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _signer.Dispose();
        _newSigner.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_signature_that_comes_while_the_log_is_being_published_stays()
    {
        var options = new LedgerOptions
        {
            Origin = Origin,
            Signers = { _signer },
            PublishTo = new DirectoryPublishedLog(_directory.FullName),
        };
        var head = await GrowAsync(new LogSealer(_ledger, _leases, options));
        var newer = await TreeHead.Parse(head.Note!.Text).SignAsync([_signer, _newSigner], Cancellation);
        _ledger.SignedHead = async answer =>
        {
            var read = await answer;
            (await _stored.SaveNoteAsync(head, newer, Cancellation)).Should().BeTrue();
            return read;
        };

        (await new LogPublisher(_ledger, options).PublishAsync(Cancellation))!.Size.Should().Be(3);

        (await _stored.GetSignedHeadAsync(Cancellation))!.Note!.Signatures.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_head_that_is_not_stored_any_more_when_it_is_confirmed_is_not_published()
    {
        var target = new DirectoryPublishedLog(_directory.FullName);
        var options = new LedgerOptions { Origin = Origin, Signers = { _signer }, PublishTo = target };
        await GrowAsync(new LogSealer(_ledger, _leases, options));
        _ledger.SignedHead = async answer => (await answer)! with { Root = Sha256Digest.Of("taken back"u8) };

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(
            () => new LogPublisher(_ledger, options).PublishAsync(Cancellation));

        refusal.Message.Should().Contain("not stored any more");
        (await target.ReadCheckpointAsync(Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task A_head_that_a_failover_takes_back_before_it_is_confirmed_is_no_diverged_log()
    {
        var options = new LedgerOptions { Origin = Origin, Signers = { _signer } };
        var former = new LogSealer(_ledger, _leases, options);
        await GrowAsync(former);
        await former.ReleaseAsync(Cancellation);
        var asked = 0;
        _ledger.Head = async answer => ++asked > 1
            ? await answer
            : (await answer) with { Size = 300, Root = Sha256Digest.Of("taken back"u8), Note = null };
        var sealer = new LogSealer(_ledger, _leases, options);

        var unknown = await Assert.ThrowsAsync<WriteOutcomeUnknownException>(() => sealer.SealAsync(Cancellation));

        unknown.IsTransient.Should().BeTrue();
        (await GrowAsync(sealer)).Size.Should().Be(6);
    }

    private async Task<SealedHead> GrowAsync(LogSealer sealer)
    {
        var stream = new StreamId("order", Guid.CreateVersion7().ToString());
        await _store.AppendAsync(
            stream,
            Enumerable.Range(0, 3).Select(_ => EventEnvelope.Create(stream, "ItemAdded", "{}"u8.ToArray())),
            0,
            Cancellation);
        await sealer.SealAsync(Cancellation);
        return (await sealer.SignAsync(Cancellation))!;
    }
}
