using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class EventProofTests
{
    [Fact]
    public async Task Every_event_is_proved_by_its_own_proof_and_by_no_other()
    {
        var log = await ProvedLog.CreateAsync(20);
        for (var i = 0; i < log.Events.Length; i++)
        {
            for (var j = 0; j < log.Proofs.Length; j++)
            {
                var proof = EventProof.Parse(log.Proofs[j].ToUtf8());
                proof.Verify(log.Events[i], ProvedLog.Origin, [log.Key])
                    .Should().Be(i == j ? EventProofVerdict.Valid : EventProofVerdict.EventDiffers);
            }
        }
    }

    [Fact]
    public async Task Whatever_is_changed_is_found_and_named()
    {
        var log = await ProvedLog.CreateAsync(9);
        var (stored, proof) = (log.Events[4], log.Proofs[4]);
        var (record, path, note) = (proof.Record, proof.Proof.Path, proof.Proof.Checkpoint);
        using var stranger = Signers.Ed25519(ProvedLog.Origin, 8);
        EventEnvelope[] changed =
        [
            stored with { Id = log.Events[3].Id },
            stored with { StreamId = new StreamId("order", "2") },
            stored with { Version = 6 },
            stored with { Version = -1 },
            stored with { EventType = "ItemRemoved" },
            stored with { SchemaVersion = 2 },
            stored with { OccurredAt = stored.OccurredAt.AddMicroseconds(1) },
            stored with { RecordedAt = stored.RecordedAt.AddMicroseconds(1) },
            stored with { PayloadUtf8 = "{}"u8.ToArray() },
            stored with { MetadataUtf8 = "{ }"u8.ToArray() },
        ];

        foreach (var envelope in changed)
        {
            Verdict(proof, envelope).Should().Be(EventProofVerdict.EventDiffers, envelope.ToString());
        }

        Verdict(new EventProof(record, record.ChainHash, 4, path, note)).Should().Be(EventProofVerdict.LinkBroken);
        Verdict(new EventProof(record with { ChainHash = record.StreamTag }, proof.PreviousLink, 4, path, note))
            .Should().Be(EventProofVerdict.LinkBroken);
        Verdict(new EventProof(record, proof.PreviousLink, 5, path, note)).Should().Be(EventProofVerdict.NotInTree);
        Verdict(new EventProof(record, proof.PreviousLink, 4, [.. path.Skip(1)], note))
            .Should().Be(EventProofVerdict.NotInTree);
        Verdict(new EventProof(record, proof.PreviousLink, 4, path, log.Proofs[4].Proof.Checkpoint), keys: [stranger.Key])
            .Should().Be(EventProofVerdict.HeadNotSigned);
        Verdict(new EventProof(record, proof.PreviousLink, 4, path, new SignedNote(note.Text + "more\n", note.Signatures)))
            .Should().Be(EventProofVerdict.HeadNotSigned);
        proof.Verify(stored, "example.com/others", [log.Key]).Should().Be(EventProofVerdict.ForeignHead);
        Verdict(proof, stored with { ChainHash = default, ContentDigest = default })
            .Should().Be(EventProofVerdict.Valid, "what the store claims is not looked at");

        EventProofVerdict Verdict(EventProof candidate, EventEnvelope? envelope = null, VerifierKey[]? keys = null) =>
            candidate.Verify(envelope ?? stored, ProvedLog.Origin, keys ?? [log.Key]);
    }

    [Fact]
    public async Task A_first_event_that_follows_anything_but_the_empty_stream_is_found()
    {
        var log = await ProvedLog.CreateAsync(2);
        var first = log.Events[0];
        var forged = StreamChain.Next(
            StreamChain.Tag(first.StreamId), 1, MerkleHash.Empty, ContentDigest.Compute(first));
        var record = log.Proofs[0].Record with { ChainHash = forged };
        var proof = new EventProof(
            record, MerkleHash.Empty, 0, log.Proofs[0].Proof.Path, log.Proofs[0].Proof.Checkpoint);

        proof.Verify(first, ProvedLog.Origin, [log.Key]).Should().Be(EventProofVerdict.LinkBroken);
    }

    [Fact]
    public async Task Any_changed_bit_of_the_file_is_noticed()
    {
        var log = await ProvedLog.CreateAsync(9);
        var file = log.Proofs[4].ToUtf8();
        for (var bit = 0; bit < file.Length * 8; bit++)
        {
            var changed = file.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));

            (EventProof.TryParse(changed, out var proof)
                && proof.Verify(log.Events[4], ProvedLog.Origin, [log.Key]) == EventProofVerdict.Valid)
                .Should().BeFalse();
        }
    }

    [Fact]
    public async Task Mangled_files_are_read_back_exactly_or_refused_and_nothing_else_is_thrown()
    {
        var random = SeededRandom.Create();
        var log = await ProvedLog.CreateAsync(9);
        var (file, read) = (log.Proofs[4].ToUtf8(), 0);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Mangling.Of(file, random);
            if (EventProof.TryParse(bytes, out var proof))
            {
                read++;
                proof.ToUtf8().Should().Equal(bytes);
                if (!bytes.AsSpan().SequenceEqual(file))
                {
                    (proof.Verify(log.Events[4], ProvedLog.Origin, [log.Key]) == EventProofVerdict.Valid
                        && !proof.Proof.Checkpoint.Text.Equals(log.Proofs[4].Proof.Checkpoint.Text, StringComparison.Ordinal))
                        .Should().BeFalse();
                }
            }
        }

        read.Should().BeGreaterThan(100);
    }

    [Fact]
    public async Task A_file_is_small_and_its_parts_are_in_their_lines()
    {
        var log = await ProvedLog.CreateAsync(9);

        var lines = log.Proofs[4].Proof.ToString().Split('\n');

        lines[0].Should().Be("c2sp.org/tlog-proof@v1");
        Convert.FromBase64String(lines[1]["extra ".Length..]).Should().Equal(
            [.. log.Proofs[4].Record.ToArray(), .. log.Proofs[4].PreviousLink.ToArray()]);
        lines[2].Should().Be("index 4");
        lines[3..7].Should().OnlyContain(line => line.Length == 44, "9 leaves take 4 hashes");
        lines[7].Should().BeEmpty();
        lines[8..11].Should().StartWith(["example.com/orders", "9"]);
        log.Proofs[4].ToUtf8().Length.Should().BeLessThan(2_048 - (16 * 45), "20 hashes are for a million leaves");
    }

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v2\nindex 0\n\n", "first line")]
    [InlineData("", "first line")]
    [InlineData("c2sp.org/tlog-proof@v1\n", "index")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra AA=\nindex 0\n\n", "extra")]
    [InlineData("c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 0\n\n", "index")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 00\n\n", "index")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex -1\n\n", "index")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n", "index")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\nAA==\n\n", "hashes")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\n", "hashes")]
    [InlineData("c2sp.org/tlog-proof@v1\nindex 0\n\ntext\n", "signed note")]
    public void What_is_no_proof_is_refused_with_the_reason(string text, string reason)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        LogProof.TryParse(bytes, out var proof).Should().BeFalse();
        proof.Should().BeNull();
        Assert.Throws<InvalidFormatException>(() => LogProof.Parse(bytes)).Detail.Should().Contain(reason);
        EventProof.TryParse(bytes, out _).Should().BeFalse();
    }

    [Fact]
    public void A_proof_without_extra_bytes_or_with_an_empty_line_of_them_comes_back()
    {
        var note = NoteExamples.Note(NoteExamples.Rekor);
        foreach (var extra in (ReadOnlyMemory<byte>?[])[null, Array.Empty<byte>(), new byte[LogProof.MaxExtraLength]])
        {
            var proof = new LogProof(long.MaxValue, [.. Enumerable.Repeat(MerkleHash.Empty, 63)], note, extra);

            var read = LogProof.Parse(proof.ToUtf8());

            (read.Index, read.Path.Count, read.Extra?.Length).Should().Be((long.MaxValue, 63, extra?.Length));
            read.ToString().Should().Be(proof.ToString());
            EventProof.TryParse(proof.ToUtf8(), out _).Should().BeFalse("it has no leaf record");
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new LogProof(-1, [], note));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new LogProof(0, [.. Enumerable.Repeat(MerkleHash.Empty, 64)], note));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new LogProof(0, [], note, new byte[LogProof.MaxExtraLength + 1]));
    }

    [Fact]
    public async Task A_leaf_record_of_another_version_is_not_called_damaged()
    {
        var log = await ProvedLog.CreateAsync(1);
        var proof = log.Proofs[0].Proof;
        var extra = proof.Extra!.Value.ToArray();
        extra[0] = 9;

        var newer = new LogProof(proof.Index, proof.Path, proof.Checkpoint, extra).ToUtf8();

        Assert.Throws<UnsupportedFormatException>(() => EventProof.Parse(newer)).FoundVersion.Should().Be(9);
        EventProof.TryParse(newer, out _).Should().BeFalse();
        Assert.Throws<InvalidFormatException>(() => EventProof.Parse(
            new LogProof(0, [], proof.Checkpoint, proof.Extra!.Value[..^1]).ToUtf8()));
    }
}
