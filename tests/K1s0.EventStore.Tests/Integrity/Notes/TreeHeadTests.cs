using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class TreeHeadTests
{
    private const string Text = "example.com/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Text_comes_back()
    {
        var head = TreeHead.Parse(Text);

        (head.Origin, head.Size, head.Extension).Should().Be(("example.com/log", 20_852_163, string.Empty));
        head.ToText().Should().Be(Text);
        head.Should().Be(new TreeHead("example.com/log", 20_852_163, head.Root));
        TreeHead.Parse(Text + "more\nand more\n").Extension.Should().Be("more\nand more\n");
        new TreeHead("o", long.MaxValue, head.Root, "x\n").ToText().Should().Be(
            "o\n9223372036854775807\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx\n");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n05\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n-5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n+5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n 5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n5\0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n٥\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")]
    [InlineData("o\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n")]
    [InlineData("o\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n")]
    [InlineData("o\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")]
    [InlineData("o\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n")]
    [InlineData("o\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx\n\ny\n")]
    [InlineData("o\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx")]
    public void What_is_no_tree_head_is_refused(string text)
    {
        TreeHead.TryParse(text, out var head).Should().BeFalse();
        head.Should().BeNull();
        Assert.Throws<InvalidFormatException>(() => TreeHead.Parse(text)).Format.Should().Be("tree head");
    }

    [Fact]
    public void What_cannot_be_written_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new TreeHead(string.Empty, 1, default));
        Assert.Throws<ArgumentException>(() => new TreeHead("a\nb", 1, default));
        Assert.Throws<ArgumentException>(() => new TreeHead("a\tb", 1, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TreeHead("a", -1, default));
        Assert.Throws<ArgumentException>(() => new TreeHead("a", 1, default, "no newline"));
        Assert.Throws<ArgumentException>(() => new TreeHead("a", 1, default, "\n"));
        Assert.Throws<ArgumentException>(() => new TreeHead("\ud800", 1, default));
        TreeHead.TryParse(null, out _).Should().BeFalse();
        TreeHead.TryParse("\ud800" + Text, out _).Should().BeFalse();
    }

    [Fact]
    public async Task While_keys_are_changed_the_head_is_trusted_by_those_who_know_either_key()
    {
        using var oldKey = Signers.Ed25519("example.com/log", 1);
        using var newKey = Signers.EcdsaP256("example.com/log");
        var head = TreeHead.Parse(Text);

        var before = await head.SignAsync([oldKey], Cancellation);
        var between = await head.SignAsync([oldKey, newKey], Cancellation);
        var after = await head.SignAsync([newKey], Cancellation);

        IsTrusted(before, oldKey).Should().BeTrue();
        IsTrusted(before, newKey).Should().BeFalse();
        IsTrusted(between, oldKey).Should().BeTrue();
        IsTrusted(between, newKey).Should().BeTrue();
        IsTrusted(between, oldKey, newKey).Should().BeTrue();
        IsTrusted(after, oldKey).Should().BeFalse();
        IsTrusted(after, newKey).Should().BeTrue();
        TreeHead.TryOpen(between, "example.com/other", [oldKey.Key], out _).Should().BeFalse("it is another log's");
    }

    [Fact]
    public async Task A_signed_text_that_is_no_tree_head_is_none()
    {
        using var key = Signers.Ed25519("example.com/log", 1);
        var note = await SignedNote.SignAsync("example.com/log\nhello\n", [key], Cancellation);

        TreeHead.TryOpen(note, "example.com/log", [key.Key], out var head).Should().BeFalse();
        head.Should().BeNull();
    }

    [Fact]
    public void Mangled_heads_are_read_back_exactly_or_refused_and_nothing_else_is_thrown()
    {
        var random = SeededRandom.Create();
        for (var round = 0; round < 20_000; round++)
        {
            var text = Encoding.Latin1.GetString(Mangling.Of(Encoding.UTF8.GetBytes(Text + "more\n"), random));
            if (TreeHead.TryParse(text, out var head))
            {
                head.ToText().Should().Be(text);
            }
        }
    }

    private static bool IsTrusted(SignedNote note, params PemTreeHeadSigner[] signers) =>
        TreeHead.TryOpen(note, "example.com/log", [.. signers.Select(signer => signer.Key)], out var head)
        && head == TreeHead.Parse(Text);
}
