using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>A page that cannot be read is read in parts, down to the event that is none, and the walk goes on.</summary>
public sealed class FeedWalkTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<int, int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int, int>();
            foreach (var pageSize in new[] { 1, 2, 7, 64, 1_000 })
            {
                foreach (var (first, count) in new[] { (0, 1), (0, 6), (5, 1), (6, 2), (11, 5), (39, 1), (33, 7), (0, 40) })
                {
                    shapes.Add(pageSize, first, count);
                }
            }

            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task All_other_events_come_and_what_cannot_be_read_is_named_once(int pageSize, int first, int count)
    {
        var (store, findings) = (await VerifiedStore.CreateAsync(), new FindingList(100));
        var unreadable = store.Feed.GetRange(first, count);
        unreadable.ForEach(store.Copy.Unreadable.Add);

        var events = await WalkAsync(new FeedWalk(store.Copy, pageSize, new Position(40), findings));

        events.Should().Equal(store.Feed.Except(unreadable));
        var finding = findings.ToArray().Should().ContainSingle().Subject;
        (finding.Kind, finding.Position).Should().Be((StoreFindingKind.Unreadable, unreadable[^1].Position));
        finding.Found.Should().Contain($"positions {unreadable[0].Position} and {unreadable[^1].Position}");
    }

    [Fact]
    public async Task Each_of_several_places_is_named()
    {
        var (store, findings) = (await VerifiedStore.CreateAsync(), new FindingList(100));
        foreach (var at in new[] { 3, 17, 18, 39 })
        {
            store.Copy.Unreadable.Add(store.Feed[at]);
        }

        var events = await WalkAsync(new FeedWalk(store.Copy, 16, new Position(40), findings));

        events.Should().Equal(store.Feed.Where((_, at) => at is not (3 or 17 or 18 or 39)));
        findings.ToArray().Select(finding => finding.Position.Value).Should().Equal(4, 19, 40);
    }

    [Fact]
    public async Task No_event_that_can_be_read_is_passed_over_wherever_others_cannot()
    {
        var random = SeededRandom.Create();
        for (var round = 0; round < 300; round++)
        {
            var (store, findings) = (await VerifiedStore.CreateAsync(), new FindingList(100));
            var density = random.NextDouble();
            var unreadable = store.Feed.Where(_ => random.NextDouble() < density).ToArray();
            Array.ForEach(unreadable, store.Copy.Unreadable.Add);

            var events = await WalkAsync(new FeedWalk(store.Copy, random.Next(1, 50), new Position(40), findings));

            events.Should().Equal(store.Feed.Except(unreadable));
            findings.ToArray().Should().HaveCount(
                unreadable.Count(envelope => !unreadable.Any(other => other.Position.Value == envelope.Position.Value + 1)),
                "each stretch is named once");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_feed_of_which_too_much_cannot_be_read_is_walked_in_larger_steps(int maxSteps)
    {
        var (store, findings) = (await VerifiedStore.CreateAsync(), new FindingList(100));
        store.Feed.GetRange(1, 38).ForEach(store.Copy.Unreadable.Add);

        var events = await WalkAsync(new FeedWalk(store.Copy, 1, new Position(40), findings, maxSteps));

        events.Should().Equal(store.Feed[0], store.Feed[39]);
        findings.ToArray().Should().ContainSingle().Which.Position.Should().Be(new Position(39));
        store.Copy.PagesRead.Should().BeLessThan(20);
    }

    [Fact]
    public async Task What_comes_before_it_is_read_in_halves_and_not_one_by_one()
    {
        var (store, findings) = (await VerifiedStore.CreateAsync(), new FindingList(100));
        store.Copy.Unreadable.Add(store.Feed[^1]);

        await WalkAsync(new FeedWalk(store.Copy, 1_000, new Position(40), findings));

        store.Copy.PagesRead.Should().Be(34, "31, 7 and 1 of 40 are read after 5, 7 and 9 pages that were too large");
    }

    [Fact]
    public async Task A_feed_that_ends_before_it_did_is_not_walked_in_circles()
    {
        var (store, findings) = (await VerifiedStore.CreateAsync(), new FindingList(100));
        var walk = new FeedWalk(store.Copy, 10, new Position(40), findings);
        store.Feed.RemoveRange(20, 20);

        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => WalkAsync(walk));

        refusal.Message.Should().Contain("ends at 20 now").And.Contain("ended at 40");
        findings.Count.Should().Be(0);
    }

    public static TheoryData<EventStoreException> NotOfWhatIsStored =>
    [
        new StoreSchemaException("The tables are missing.", found: 0, supported: 8),
        new StoreOperationException("The right to read is denied.", new InvalidDataException())
        {
            IsAccessDenied = true,
        },
        new StoreUnavailableException("The server does not answer."),
    ];

    [Theory]
    [MemberData(nameof(NotOfWhatIsStored), DisableDiscoveryEnumeration = true)]
    public async Task Who_may_not_read_or_finds_no_tables_has_found_nothing(EventStoreException fault)
    {
        var store = await VerifiedStore.CreateAsync();
        var verifier = new StoreVerifier(VerifiedRoles.Of(store.Copy, store.Ledger));
        async Task ThrowsAsync(Func<Task> verify) => (await Record.ExceptionAsync(verify)).Should().BeSameAs(fault);

        store.Copy.Fault = (null, fault);
        await ThrowsAsync(() => verifier.VerifyAsync(cancellationToken: Cancellation));
        await ThrowsAsync(() => verifier.VerifyStreamAsync(store.Streams[0], cancellationToken: Cancellation));
        store.Copy.Fault = (fault, null);
        await ThrowsAsync(() => verifier.VerifyStreamAsync(store.Streams[0], cancellationToken: Cancellation));
    }

    private static async Task<List<EventEnvelope>> WalkAsync(FeedWalk walk)
    {
        var (events, after) = (new List<EventEnvelope>(), Position.Start);
        while (after < walk.End)
        {
            var (page, readTo) = await walk.ReadAsync(after, Cancellation);
            readTo.Should().BeGreaterThan(after);
            events.AddRange(page);
            after = readTo;
        }

        return events;
    }
}
