namespace K1s0.EventStore.Conformance;

/// <summary>The books of a store fit its events, and the verifier finds nothing in a store that nobody changed.</summary>
public abstract class VerificationSuite : ConformanceSuite
{
    private IStreamCatalog Catalog => (IStreamCatalog)Store;

    [Fact]
    public async Task Every_stream_is_listed_once_with_its_head_and_all_its_events()
    {
        StreamId[] streams = [await StreamWithAsync(1), await StreamWithAsync(7), await StreamWithAsync(2)];
        var listed = new List<CatalogEntry>();
        IReadOnlyList<CatalogEntry> page;
        do
        {
            page = await Catalog.ListStreamsAsync(
                listed is [.., var last] ? last.Head.StreamId : null, maxCount: 2, Cancellation);
            page.Count.Should().BeLessThanOrEqualTo(2);
            listed.AddRange(page);
        }
        while (page.Count == 2);

        listed.Select(entry => entry.Head.StreamId).Should().OnlyHaveUniqueItems();
        foreach (var stream in streams)
        {
            var entry = listed.Should().ContainSingle(entry => entry.Head.StreamId == stream).Subject;
            entry.Head.Should().Be(await Streams.GetHeadAsync(stream, Cancellation));
            entry.Events.Should().Be(entry.Head.Version.Value);
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Catalog.ListStreamsAsync(maxCount: 0, cancellationToken: Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Catalog.ListStreamsAsync(maxCount: IStreamCatalog.MaxStreams + 1, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task No_event_stands_behind_the_last_position_that_was_given_out()
    {
        var before = await Catalog.GetLastPositionAsync(Cancellation);

        var last = (await LoadAsync(await StreamWithAsync(3)))[^1].Position;

        last.Should().BeGreaterThan(before);
        (await Catalog.GetLastPositionAsync(Cancellation)).Should().BeGreaterThanOrEqualTo(last);
        var bound = await Feed.GetSettledBoundAsync(Cancellation);
        (await Catalog.GetLastPositionAsync(Cancellation)).Should().BeGreaterThanOrEqualTo(
            bound, "others may have appended meanwhile, so it is asked for behind the bound");
    }

    [Theory]
    [InlineData(1, 1_000)]
    [InlineData(3, 7)]
    [Trait("Row", "X16")]
    public async Task Nothing_is_found_in_a_store_that_nobody_changed(int lanes, int pageSize)
    {
        var last = Position.Start;
        for (var i = 1; i < 20; i++)
        {
            last = (await LoadAsync(await StreamWithAsync(i)))[^1].Position;
        }

        await SettledAsync(last);

        // Others may have filled the store: each pass goes over all of it, so there are few.
        var streams = await CountStreamsAsync();
        var verifier = new StoreVerifier(
            new VerifiedRoles(Feed, Streams, Store, Catalog),
            new StoreVerifierOptions { Lanes = lanes, PageSize = pageSize, MaxStreams = Math.Max(16, streams / 2) });

        var verification = await verifier.VerifyAsync(cancellationToken: Cancellation);
        var range = await verifier.VerifyAsync(
            new VerificationScope { After = FeedStart, UpTo = last }, cancellationToken: Cancellation);

        verification.Findings.Should().BeEmpty();
        verification.Events.Should().BeGreaterThanOrEqualTo(190);
        verification.Streams.Should().BeGreaterThanOrEqualTo(19);
        verification.Passes.Should().BeGreaterThan(1, "there are more streams than are followed at a time");
        range.Findings.Should().BeEmpty();
        range.Events.Should().BeGreaterThanOrEqualTo(190);
    }

    private async Task<int> CountStreamsAsync()
    {
        var (count, after) = (0, default(StreamId));
        while (await Catalog.ListStreamsAsync(after, IStreamCatalog.MaxStreams, Cancellation) is [.., var last] page)
        {
            (count, after) = (count + page.Count, last.Head.StreamId);
        }

        return count;
    }
}
