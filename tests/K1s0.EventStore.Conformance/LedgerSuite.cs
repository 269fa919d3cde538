using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Conformance;

/// <summary>The log of a store: every event is a leaf, every leaf can be proved, and nobody can fork it.</summary>
public abstract class LedgerSuite : ConformanceSuite
{
    private const string Origin = "example.com/conformance";

    private readonly PemTreeHeadSigner _signer = NewSigner();

    private IReadOnlyCollection<VerifierKey> Keys => [_signer.Key];

    private LedgerProofs Proofs => new(Ledger);

    [Fact]
    public async Task Every_event_is_proved_once_it_is_sealed_and_signed()
    {
        var stream = await StreamWithAsync(5);
        await SealAsync(stream);
        var last = -1L;
        foreach (var envelope in await LoadAsync(stream))
        {
            var proof = await Proofs.ProveEventAsync(envelope.Id, Cancellation);

            EventProof.Parse(proof!.ToUtf8()).Verify(envelope, Origin, Keys).Should().Be(EventProofVerdict.Valid);
            proof.Proof.Index.Should().BeGreaterThan(last, "the order of indices is the order of versions");
            last = proof.Proof.Index;
            (await Ledger.ReadSealedAsync(proof.Proof.Index, 1, Cancellation))
                .Should().Equal(LeafRecord.Of(envelope));
        }
    }

    [Fact]
    public async Task An_event_and_its_proof_are_handed_out_by_id_and_fit_each_other()
    {
        var stream = await StreamWithAsync(3);
        await SealAsync(stream);
        foreach (var envelope in await LoadAsync(stream))
        {
            var exported = EventFile.Parse(await Proofs.ExportEventAsync(envelope.Id, Cancellation));

            exported.Should().Be(envelope);
            (await Proofs.ProveEventAsync(envelope.Id, Cancellation))!.Verify(exported, Origin, Keys)
                .Should().Be(EventProofVerdict.Valid);
        }

        (await Proofs.ExportEventAsync(Guid.CreateVersion7(), Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task The_places_of_leaves_begin_with_the_run_that_was_asked_for()
    {
        var stream = await StreamWithAsync(3);
        await SealAsync(stream);
        var last = (await LoadAsync(stream))[^1];
        var proof = await Proofs.ProveEventAsync(last.Id, Cancellation);

        var runs = await Ledger.ReadRunsAsync(proof!.Proof.Index, ILedgerStore.MaxLeaves, Cancellation);

        runs[0].FirstIndex.Should().BeLessThanOrEqualTo(proof.Proof.Index);
        (runs[0].FirstPosition.Value + proof.Proof.Index - runs[0].FirstIndex).Should().Be(last.Position.Value);
        runs.Skip(1).Should().NotContain(run => run.FirstIndex <= proof.Proof.Index);
    }

    [Fact]
    public async Task An_event_that_is_not_sealed_yet_is_told_from_one_that_is_not_there()
    {
        var stream = await StreamWithAsync(1);
        var envelope = (await LoadAsync(stream))[0];

        await Assert.ThrowsAsync<EventNotSealedException>(() => Proofs.ProveEventAsync(envelope.Id, Cancellation));
        (await Proofs.ProveEventAsync(Guid.CreateVersion7(), Cancellation)).Should().BeNull();
        (await Ledger.GetStatusAsync(Cancellation)).Lag.Should().BeGreaterThanOrEqualTo(TimeSpan.Zero);
    }

    [Fact]
    public async Task Heads_grow_and_are_proved_to_be_of_one_log()
    {
        var first = await SealAsync(await StreamWithAsync(3));
        var second = await SealAsync(await StreamWithAsync(300));

        second.Size.Should().BeGreaterThanOrEqualTo(first.Size + 300);
        second.LastPosition.Should().BeGreaterThan(first.LastPosition);
        TreeHead.TryOpen(second.Note!, Origin, Keys, out var head).Should().BeTrue();
        (head!.Size, head.Root).Should().Be((second.Size, second.Root));
        var proof = await Proofs.ProveConsistencyAsync(TreeHead.Parse(first.Note!.Text), head, Cancellation);
        ConsistencyProof.Verify(first.Size, first.Root, second.Size, second.Root, [.. proof]).Should().BeTrue();
        (await Ledger.GetSignedHeadAsync(Cancellation))!.Size.Should().Be(second.Size);
        (await Ledger.GetStatusAsync(Cancellation)).SignedSize.Should().Be(second.Size);
    }

    [Fact]
    [Trait("Row", "X04")]
    public async Task A_batch_under_a_lease_that_ran_out_or_behind_another_head_is_refused()
    {
        await SealAsync(await StreamWithAsync(3));
        await SettledAsync((await LoadAsync(await StreamWithAsync(4)))[^1].Position);
        var head = await Ledger.GetHeadAsync(Cancellation);
        var batch = await NextBatchAsync(head);
        var former = await LeadAsync();
        await Backend.RunOutAsync(former);

        await Assert.ThrowsAsync<LeaseLostException>(() => Ledger.SealAsync(former, batch, Cancellation));
        var lease = await LeadAsync();
        await Assert.ThrowsAsync<LeaseLostException>(() => Ledger.SealAsync(former, batch, Cancellation));
        await Assert.ThrowsAsync<LeaseLostException>(() => Ledger.SealAsync(
            lease, batch with { Previous = SealedHead.Empty }, Cancellation));
        (await Ledger.GetHeadAsync(Cancellation)).Size.Should().Be(head.Size);

        var next = await Ledger.SealAsync(lease, batch, Cancellation);
        await Assert.ThrowsAsync<LeaseLostException>(() => Ledger.SealAsync(lease, batch, Cancellation));

        (next.Size, next.Root, next.Note).Should().Be((batch.Size, batch.Root, null));
        (await Ledger.GetHeadAsync(Cancellation)).Size.Should().Be(batch.Size);
        await Leases.ReleaseAsync(lease, Cancellation);
    }

    [Fact]
    public async Task What_was_read_is_confirmed_under_the_lease_and_under_no_other()
    {
        var head = await SealAsync(await StreamWithAsync(1));
        var former = await LeadAsync();
        await Backend.RunOutAsync(former);
        await Assert.ThrowsAsync<LeaseLostException>(() => Ledger.ConfirmAsync(former, Cancellation));
        var lease = await LeadAsync();
        await Assert.ThrowsAsync<LeaseLostException>(() => Ledger.ConfirmAsync(former, Cancellation));

        await Ledger.ConfirmAsync(lease, Cancellation);

        (await Ledger.GetHeadAsync(Cancellation)).Size.Should().Be(head.Size);
        (await Leases.RenewAsync(lease, TimeSpan.FromMinutes(1), Cancellation)).Epoch.Should().Be(lease.Epoch);
        await Leases.ReleaseAsync(lease, Cancellation);
    }

    [Fact]
    public async Task A_signature_of_a_head_that_is_not_there_is_not_kept()
    {
        var head = await SealAsync(await StreamWithAsync(1));
        var other = head with { Root = Sha256Digest.Of("other"u8) };
        var note = await new TreeHead(Origin, other.Size, other.Root).SignAsync([_signer], Cancellation);

        (await Ledger.SaveNoteAsync(other, note, Cancellation)).Should().BeFalse();

        (await Ledger.GetSignedHeadAsync(Cancellation))!.Root.Should().Be(head.Root);
    }

    [Fact]
    public async Task A_signed_head_is_confirmed_without_changing_its_signature_and_no_other_is()
    {
        var head = await SealAsync(await StreamWithAsync(1));
        using var newKey = NewSigner();
        var note = await new TreeHead(Origin, head.Size, head.Root).SignAsync([_signer, newKey], Cancellation);
        (await Ledger.SaveNoteAsync(head, note, Cancellation)).Should().BeTrue();

        (await Ledger.ConfirmNoteAsync(head, Cancellation)).Should().BeTrue("its signature is replaced, not lost");
        var other = head with { Root = Sha256Digest.Of("other"u8) };
        (await Ledger.ConfirmNoteAsync(other, Cancellation)).Should().BeFalse();

        var stored = await Ledger.GetSignedHeadAsync(Cancellation);
        (stored!.Root, stored.Note!.Signatures.Count).Should().Be((head.Root, 2));
        await SettledAsync((await LoadAsync(await StreamWithAsync(1)))[^1].Position);
        var lease = await LeadAsync();
        var unsigned = await Ledger.SealAsync(lease, await NextBatchAsync(stored), Cancellation);
        (await Ledger.ConfirmNoteAsync(unsigned, Cancellation)).Should().BeFalse("nobody has signed it");
        await Leases.ReleaseAsync(lease, Cancellation);
    }

    [Fact]
    public async Task A_tile_that_is_not_there_is_named()
    {
        var tile = new MerkleTile(0, 1L << 40, 1);

        var missing = await Assert.ThrowsAsync<TileMissingException>(() => Ledger.ReadAsync([tile], Cancellation));

        missing.Path.Should().Be(tile.Path);
    }

    private static PemTreeHeadSigner NewSigner()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PemTreeHeadSigner.Create(Origin, key.ExportPkcs8PrivateKeyPem());
    }

    // Seals what is settled, up to the stream's last event at least: other tests may share the store.
    private async Task<SealedHead> SealAsync(StreamId stream)
    {
        var last = (await LoadAsync(stream))[^1].Position;
        await SettledAsync(last);
        var options = new LedgerOptions
        {
            Origin = Origin,
            Signers = { _signer },
            LeaseDuration = TimeSpan.FromMinutes(10),
        };
        var sealer = new LogSealer(Ledger, Leases, options);
        SealedHead? head = null;
        while (head is null || head.LastPosition < last)
        {
            (await sealer.SealAsync(Cancellation)).IsLeader.Should().BeTrue();
            head = await sealer.SignAsync(Cancellation);
        }

        await sealer.ReleaseAsync(Cancellation);
        return head;
    }

    private async Task<Lease> LeadAsync() =>
        await Leases.TryAcquireAsync(ILedgerStore.LeaseName, "test", TimeSpan.FromMinutes(10), Cancellation)
        ?? throw new InvalidOperationException("The lease is held.");

    private async Task<SealedBatch> NextBatchAsync(SealedHead head)
    {
        var builder = await TileBuilder.LoadAsync(Ledger, head.Size, Cancellation);
        var leaves = await Ledger.ReadUnsealedAsync(head.LastPosition, ILedgerStore.MaxLeaves, Cancellation);
        foreach (var leaf in leaves)
        {
            builder.Append(leaf.Record.LeafHash());
        }

        // A run a leaf is more than is needed, and true.
        return new SealedBatch(
            head,
            builder.Size,
            builder.Root,
            leaves[^1].Position,
            builder.TakeTiles(),
            [.. leaves.Select((leaf, i) => new LeafRun(head.Size + i, leaf.Position))]);
    }
}
