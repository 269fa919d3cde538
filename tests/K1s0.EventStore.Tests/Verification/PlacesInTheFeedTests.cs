using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>An event that only its stream shows was appended meanwhile, or stands where no feed ever comes.</summary>
public sealed class PlacesInTheFeedTests
{
    private const int Target = 2;

    [Theory]
    [InlineData(0)]
    [InlineData(41)]
    [InlineData(1_000_000)]
    [Trait("Row", "L03")]
    public async Task An_event_at_a_position_that_no_feed_shows_is_found(long position)
    {
        var store = await VerifiedStore.CreateAsync();
        store.Copy.LastPosition = store.Feed[^1].Position;
        Append(store, position);

        var verification = await store.VerifyAsync();

        verification.Findings.Should().ContainSingle().Which.Should().Match<StoreFinding>(finding =>
            finding.Kind == StoreFindingKind.Misfiled && finding.Stream == store.Streams[Target]
            && finding.Version.Value == 9 && finding.Position == new Position(position));
    }

    [Fact]
    public async Task An_event_that_was_appended_behind_the_bound_is_in_order()
    {
        var store = await VerifiedStore.CreateAsync();
        store.Copy.Bounds.Enqueue(new Position(40));
        Append(store, 41);

        (await store.VerifyAsync()).Findings.Should().BeEmpty();
    }

    // A next event with all that belongs to it, the books included.
    private static void Append(VerifiedStore store, long position)
    {
        var last = store.Feed[store.At(Target, 8)];
        var next = EventEnvelope.Create(last.StreamId, "ItemAdded", "{}"u8.ToArray());
        var content = ContentDigest.Compute(next);
        store.Feed.Add(next with
        {
            Version = 9,
            Position = new Position(position),
            PreviousEventId = last.Id,
            ContentDigest = content,
            ChainHash = StreamChain.Next(StreamChain.Tag(last.StreamId), 9, last.ChainHash, content),
        });
        store.Copy.Rebook();
    }
}
