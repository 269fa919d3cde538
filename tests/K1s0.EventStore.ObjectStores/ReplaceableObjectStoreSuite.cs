using System.Text;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.ObjectStores;

/// <summary>What every object store promises in which contents can be replaced.</summary>
public abstract class ReplaceableObjectStoreSuite : ObjectStoreSuite
{
    private static readonly ObjectKey Key = new("ledger/checkpoint");
    private static readonly byte[] First = "first"u8.ToArray();
    private static readonly byte[] Second = "second one"u8.ToArray();

    private IReplaceableObjectStore Objects => (IReplaceableObjectStore)Store;

    [Fact]
    public async Task A_known_content_is_replaced_and_any_other_stays()
    {
        var attributes = new ObjectAttributes(
            new Dictionary<string, string>(StringComparer.Ordinal) { ["n"] = "2" });
        await Objects.PutIfAbsentAsync(Key, First, cancellationToken: Cancellation);

        (await ReplaceAsync(Second, "third"u8.ToArray())).Should().BeFalse();
        (await Store.GetAsync(Key, Cancellation))!.Content.ToArray().Should().Equal(First);
        (await Objects.ReplaceAsync(Key, Sha256Digest.Of(First), Second, attributes, Cancellation)).Should().BeTrue();
        (await Objects.ReplaceAsync(Key, Sha256Digest.Of(First), Second, attributes, Cancellation))
            .Should().BeTrue("repeating it is harmless");
        (await ReplaceAsync(First, "third"u8.ToArray())).Should().BeFalse();

        var found = (await Store.GetAsync(Key, Cancellation))!;
        found.Content.ToArray().Should().Equal(Second);
        found.Info.Attributes.Metadata.Should().Contain("n", "2");
        var info = (await Store.HeadAsync(Key, Cancellation))!;
        (info.Length, info.Digest).Should().Be((Second.Length, Sha256Digest.Of(Second)));
    }

    [Fact]
    public async Task What_is_not_there_cannot_be_replaced()
    {
        (await ReplaceAsync(First, Second)).Should().BeFalse();

        (await Store.HeadAsync(Key, Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Of_many_that_replace_one_content_exactly_one_does()
    {
        var known = First;
        await Objects.PutIfAbsentAsync(Key, known, cancellationToken: Cancellation);
        for (var round = 0; round < 10; round++)
        {
            var contents = Enumerable.Range(0, 8)
                .Select(racer => Encoding.ASCII.GetBytes($"round {round}, racer {racer}")).ToArray();

            var outcomes = await Task.WhenAll(contents.Select(content => Task.Run(() => ReplaceAsync(known, content))));

            var winner = Assert.Single(outcomes.Index(), outcome => outcome.Item).Index;
            known = (await Store.GetAsync(Key, Cancellation))!.Content.ToArray();
            known.Should().Equal(contents[winner]);
        }
    }

    [Fact]
    public async Task Readers_see_the_one_content_or_the_other_while_it_is_replaced()
    {
        await Objects.PutIfAbsentAsync(Key, First, cancellationToken: Cancellation);
        using var done = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var round = 0; round < 30; round++)
            {
                (await ReplaceAsync(First, Second)).Should().BeTrue();
                (await ReplaceAsync(Second, First)).Should().BeTrue();
            }

            await done.CancelAsync();
        });

        var seen = 0;
        while (!done.IsCancellationRequested)
        {
            var found = (await Store.GetAsync(Key, Cancellation))!.Content;
            (found.Span.SequenceEqual(First) || found.Span.SequenceEqual(Second)).Should().BeTrue();
            seen++;
        }

        await writing;
        seen.Should().BePositive();
    }

    private Task<bool> ReplaceAsync(byte[] expected, byte[] content) =>
        Objects.ReplaceAsync(Key, Sha256Digest.Of(expected), content, cancellationToken: Cancellation);
}
