using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class SignedNoteTests
{
    private static readonly VerifierKey Neumann = VerifierKey.Parse(NoteExamples.NeumannKey);
    private static readonly VerifierKey Rekor = VerifierKey.Parse(NoteExamples.RekorKey);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Notes_that_other_programs_signed_are_verified()
    {
        NoteExamples.Note(NoteExamples.Neumann).IsSignedBy([Neumann]).Should().BeTrue();
        NoteExamples.Note(NoteExamples.Neumann).IsSignedBy([Rekor]).Should().BeFalse();
        NoteExamples.Note(NoteExamples.Rekor).IsSignedBy([Neumann, Rekor]).Should().BeTrue();
        NoteExamples.Note(NoteExamples.Rekor).IsSignedBy([]).Should().BeFalse();
        TreeHead.TryOpen(NoteExamples.Note(NoteExamples.Rekor), "Rekor", [Rekor], out var head).Should().BeTrue();
        (head!.Origin, head.Size).Should().Be(("Rekor", 798_034));
    }

    [Fact]
    public async Task A_note_is_signed_byte_for_byte_as_another_program_does_it()
    {
        using var signer = Signers.Ed25519("PeterNeumann", Convert.FromBase64String(NoteExamples.NeumannSeed));

        var note = await SignedNote.SignAsync(NoteExamples.Note(NoteExamples.Neumann).Text, [signer], Cancellation);

        signer.Key.ToString().Should().Be(NoteExamples.NeumannKey);
        note.ToString().Should().Be(NoteExamples.Neumann);
        note.ToUtf8().Should().Equal(Encoding.UTF8.GetBytes(NoteExamples.Neumann));
    }

    [Fact]
    public void Any_changed_byte_of_a_note_is_noticed()
    {
        foreach (var (text, key) in ((string, VerifierKey)[])[(NoteExamples.Neumann, Neumann), (NoteExamples.Rekor, Rekor)])
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                var changed = bytes.ToArray();
                changed[bit / 8] ^= (byte)(1 << (bit % 8));

                (SignedNote.TryParse(changed, out var note) && note.IsSignedBy([key])).Should().BeFalse();
            }
        }
    }

    [Fact]
    public async Task Signatures_of_unknown_keys_are_ignored_and_a_wrong_one_of_a_known_key_is_not()
    {
        using var first = Signers.Ed25519("example.com/log", 1);
        using var second = Signers.Ed25519("example.com/log", 2);
        using var third = Signers.EcdsaP256("example.com/witness");
        var note = await SignedNote.SignAsync("text\n", [first, second, third], Cancellation);
        var broken = new NoteSignature(second.Key.Name, second.Key.Id, new byte[64]);

        note.IsSignedBy([first.Key]).Should().BeTrue("the others are unknown to whoever knows this one only");
        note.IsSignedBy([second.Key]).Should().BeTrue();
        note.IsSignedBy([third.Key]).Should().BeTrue();
        note.IsSignedBy([first.Key, second.Key, third.Key]).Should().BeTrue();

        var forged = new SignedNote("text\n", [note.Signatures[0], broken]);
        forged.IsSignedBy([first.Key]).Should().BeTrue();
        forged.IsSignedBy([second.Key]).Should().BeFalse();
        forged.IsSignedBy([first.Key, second.Key]).Should().BeFalse("a key that is known signed something else");

        var renamed = new SignedNote("text\n", [new("other", first.Key.Id, note.Signatures[0].Signature)]);
        renamed.IsSignedBy([first.Key]).Should().BeFalse("the same id under another name is another key");
        var otherId = new SignedNote("text\n", [new(first.Key.Name, first.Key.Id + 1, note.Signatures[0].Signature)]);
        otherId.IsSignedBy([first.Key]).Should().BeFalse("the same name with another id is another key");
    }

    [Fact]
    public async Task A_signer_whose_signature_its_own_key_does_not_verify_signs_nothing()
    {
        using var right = Signers.Ed25519("example.com/log", 1);
        using var other = Signers.Ed25519("example.com/log", 2);

        var error = await Assert.ThrowsAsync<SigningException>(
            () => SignedNote.SignAsync("text\n", [new MistakenSigner(right.Key, other)], Cancellation));

        error.KeyName.Should().Be("example.com/log");
    }

    [Fact]
    public void A_note_with_sixteen_and_with_a_hundred_signatures_is_read_and_one_with_more_is_not()
    {
        var line = new NoteSignature("name", 1, new byte[64]).ToString() + "\n";

        foreach (var count in (int[])[1, 16, SignedNote.MaxSignatures])
        {
            NoteExamples.Note($"text\n\n{string.Concat(Enumerable.Repeat(line, count))}")
                .Signatures.Should().HaveCount(count);
        }

        Malformed($"text\n\n{string.Concat(Enumerable.Repeat(line, 101))}").Detail.Should().Contain("line 101");
    }

    [Theory]
    [InlineData("")]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("\n\n")]
    [InlineData("text\n\nname AAAAAQE=\n")]
    [InlineData("text\n\n— name AAAAAQE=")]
    [InlineData("text\n\n— name AAAAAQE=\n ")]
    [InlineData("text\n\n— name  AAAAAQE=\n")]
    [InlineData("text\n\n— na+me AAAAAQE=\n")]
    [InlineData("text\n\n— na\u00a0me AAAAAQE=\n")]
    [InlineData("text\n\n—  AAAAAQE=\n")]
    [InlineData("text\n\n— name AAAAAQ==\n")]
    [InlineData("text\n\n— name AAAAAQF=\n")]
    [InlineData("text\n\n— name AAAAAQE\n")]
    [InlineData("text\n\n— name AAAA AQE=\n")]
    [InlineData("text\n\n— name \n")]
    [InlineData("te\txt\n\n— name AAAAAQE=\n")]
    [InlineData("te\rxt\n\n— name AAAAAQE=\n")]
    public void What_is_no_note_is_refused(string text) => Malformed(text).Format.Should().Be("signed note");

    [Fact]
    public void Bytes_that_are_not_UTF_8_and_endless_bytes_are_refused()
    {
        SignedNote.TryParse([.. "te"u8, 0xC3, .. "xt\n\n— name AAAAAQE=\n"u8], out _).Should().BeFalse();
        SignedNote.TryParse(new byte[SignedNote.MaxLength + 1], out _).Should().BeFalse();
    }

    [Fact]
    public async Task What_cannot_stand_in_a_note_is_not_signed()
    {
        using var signer = Signers.Ed25519("example.com/log", 1);
        foreach (var text in (string[])["text", "", "te\0xt\n", "te\txt\n", "te\ud800xt\n"])
        {
            await Assert.ThrowsAsync<ArgumentException>(() => SignedNote.SignAsync(text, [signer], Cancellation));
            Assert.Throws<ArgumentException>(() => new SignedNote(text, [new("name", 1, new byte[1])]));
        }

        await Assert.ThrowsAsync<ArgumentException>(() => SignedNote.SignAsync("text\n", [], Cancellation));
        Assert.Throws<ArgumentException>(
            () => new SignedNote(new string('a', SignedNote.MaxLength) + "\n", [new("name", 1, new byte[1])]));
        Assert.Throws<ArgumentException>(() => new NoteSignature("name", 1, default));
        Assert.Throws<ArgumentException>(() => new NoteSignature("na me", 1, new byte[1]));
    }

    [Fact]
    public void A_text_with_empty_lines_comes_back()
    {
        var note = NoteExamples.Note("a\n\nb\n\n\n— name AAAAAQE=\n");

        note.Text.Should().Be("a\n\nb\n\n");
        note.Signatures.Should().ContainSingle().Which.KeyId.Should().Be(1);
    }

    [Fact]
    public void Mangled_notes_are_read_back_exactly_or_refused_and_nothing_else_is_thrown()
    {
        var random = SeededRandom.Create();
        var read = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Mangling.Of(Encoding.UTF8.GetBytes(NoteExamples.Neumann), random);
            if (SignedNote.TryParse(bytes, out var note))
            {
                read++;
                note.ToUtf8().Should().Equal(bytes);
                Encoding.UTF8.GetBytes(note.ToString()).Should().Equal(bytes);
                if (note.IsSignedBy([Neumann]))
                {
                    note.Text.Should().Be(NoteExamples.Note(NoteExamples.Neumann).Text);
                }
            }
        }

        read.Should().BeGreaterThan(100);
    }

    private static InvalidFormatException Malformed(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        SignedNote.TryParse(bytes, out var note).Should().BeFalse();
        note.Should().BeNull();
        return Assert.Throws<InvalidFormatException>(() => SignedNote.Parse(bytes));
    }

    private sealed class MistakenSigner(VerifierKey key, ITreeHeadSigner other) : ITreeHeadSigner
    {
        public VerifierKey Key => key;

        public ValueTask<ReadOnlyMemory<byte>> SignAsync(
            ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
            other.SignAsync(message, cancellationToken);
    }
}
