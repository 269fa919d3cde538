using System.Text;
using System.Text.Json.Nodes;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class ArchiveLifecycleTests
{
    private static readonly LifecyclePolicy Small = LifecyclePolicy.Default with { CompactBelowBytes = 64 * 1024 };

    private readonly ManualTime _time = new(ManifestSamples.Time);
    private readonly SimulatedObjectStore _objects;

    public ArchiveLifecycleTests() => _objects = new SimulatedObjectStore(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Row", "L16")]
    public async Task Batches_move_from_hot_to_warm_to_cold_as_they_age_and_cost_less_and_less()
    {
        var archive = await ArchiveAsync(4_000);
        var lifecycle = new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: Small, timeProvider: _time);
        (await lifecycle.RunAsync(cancellationToken: Cancellation)).Should().BeEquivalentTo(
            new { MovedToWarm = 0, MovedToCold = 0, CompactedFrom = 0, Removed = 0 }, "everything is hot");

        _time.Advance(TimeSpan.FromDays(8));
        var warm = await lifecycle.RunAsync(cancellationToken: Cancellation);
        _time.Advance(TimeSpan.FromDays(31));
        var cold = await lifecycle.RunAsync(cancellationToken: Cancellation);
        var batches = (await archive.CheckAsync()).Batches;
        _time.Advance(TimeSpan.FromDays(365));
        var deep = await lifecycle.RunAsync(cancellationToken: Cancellation);
        var again = await lifecycle.RunAsync(cancellationToken: Cancellation);

        batches.Should().HaveCountLessThan(40);
        (warm.CompactedFrom - warm.CompactedInto).Should().Be(80 - batches.Count);
        (warm.MovedToWarm + warm.Rest.Waiting).Should().Be(batches.Count);
        (cold.MovedToCold + cold.Rest.Waiting).Should().Be(batches.Count);
        deep.SavingPercent.Should().BeGreaterThanOrEqualTo(cold.SavingPercent);
        cold.SavingPercent.Should().BeGreaterThanOrEqualTo(warm.SavingPercent).And.BeGreaterThan(50);
        (again.MovedToWarm, again.MovedToCold, again.CompactedFrom, again.Removed).Should().Be((0, 0, 0, 0));
    }

    [Fact]
    public async Task Classes_that_have_one_name_in_the_bucket_are_moved_between_once_and_never_again()
    {
        var events = await Corpus.Create().OrdersAsync(2_000);
        await TestArchive.CreateAsync(_objects, events, 500);
        var (objects, seen) = OneNameStore.Around(_objects, StorageClass.InfrequentAccess);
        var lifecycle = new ArchiveLifecycle(
            objects,
            new BucketListings(objects, _time),
            policy: Small with { CompactBelowBytes = 0 },
            costs: FreeMoves(),
            timeProvider: _time);
        _time.Advance(TimeSpan.FromDays(8));

        var first = await lifecycle.RunAsync(cancellationToken: Cancellation);
        var second = await lifecycle.RunAsync(cancellationToken: Cancellation);

        (first.Moved.Count, second.Moved.Count).Should().Be((0, 0), "they lie where they lay");
        seen.Moves.Should().ContainSingle("the first one has shown it");
        (await lifecycle.PreviewAsync(Cancellation)).Moves.Should().BeEmpty();
        _time.Advance(TimeSpan.FromDays(30));
        var third = await lifecycle.RunAsync(cancellationToken: Cancellation);
        third.Moved.Should().HaveCount(4).And.OnlyContain(move => move.To.StorageClass == StorageClass.InstantArchive);
    }

    [Fact]
    [Trait("Row", "L16")]
    public async Task A_large_batch_goes_all_the_way_down_and_each_move_is_counted()
    {
        // Costs that make every object worth its moves.
        var events = await Corpus.Create().OrdersAsync(2_000);
        await TestArchive.CreateAsync(_objects, events, 1_000);
        var policy = Small with { CompactBelowBytes = 64 * 1024 };
        var lifecycle = new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: policy, costs: FreeMoves(), timeProvider: _time);
        var saving = new List<decimal>();
        foreach (var (days, warm, cold, to) in new[]
        {
            (8, 2, 0, StorageClass.InfrequentAccess),
            (30, 0, 2, StorageClass.InstantArchive),
            (365, 0, 2, StorageClass.DeepArchive),
        })
        {
            _time.Advance(TimeSpan.FromDays(days));
            var preview = await lifecycle.PreviewAsync(Cancellation);
            var seen = new List<LifecycleProgress>();
            var report = await lifecycle.RunAsync(new Told(seen), Cancellation);

            preview.Moves.Should().HaveCount(2).And.OnlyContain(move => move.To.StorageClass == to);
            preview.AfterPerMonth.Should().BeLessThan(preview.BeforePerMonth);
            (report.MovedToWarm, report.MovedToCold).Should().Be((warm, cold));
            report.Rest.BeforePerMonth.Should().Be(preview.AfterPerMonth);
            seen[^1].Moved.Should().Be(2);
            saving.Add(report.SavingPercent);
        }

        saving.Should().BeInAscendingOrder();
        saving[^1].Should().BeGreaterThan(95);
    }

    [Fact]
    public async Task Small_batches_become_one_and_the_old_ones_go_only_after_the_grace_period()
    {
        var archive = await ArchiveAsync(1_000);
        var old = await archive.KeysAsync();
        _time.Advance(TimeSpan.FromDays(8));
        var lifecycle = new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: Small, timeProvider: _time);

        var report = await lifecycle.RunAsync(cancellationToken: Cancellation);

        report.CompactedFrom.Should().BeGreaterThan(10);
        report.CompactedInto.Should().BeGreaterThan(0);
        var listing = await archive.CheckAsync();
        (await archive.KeysAsync()).Should().Contain(old, "whoever reads by the old manifest finds them");
        listing.Batches.Count(batch => batch.StoredBytes >= Small.CompactBelowBytes).Should().Be(report.CompactedInto);

        _time.Advance(TimeSpan.FromHours(23));
        (await lifecycle.RunAsync(cancellationToken: Cancellation)).Removed.Should().Be(0);
        _time.Advance(TimeSpan.FromHours(2));
        (await lifecycle.PreviewAsync(Cancellation)).Removals.Should().HaveCount(report.CompactedFrom);
        (await lifecycle.RunAsync(cancellationToken: Cancellation)).Removed.Should().Be(report.CompactedFrom);

        (await archive.KeysAsync()).Should().BeEquivalentTo(listing.Batches.Select(batch => batch.Key));
        await archive.CheckAsync();
    }

    [Fact]
    public async Task What_an_archiver_has_stored_and_not_listed_yet_stays()
    {
        var events = await Corpus.Create().OrdersAsync(1_000);
        var archive = await TestArchive.CreateAsync(_objects, [.. events.Take(900)]);
        var coming = await TestArchive.PutAsync(_objects, [.. events.Skip(900)], events[899].Position, "2");
        var orphan = await TestArchive.PutAsync(_objects, [.. events.Take(50)], Position.Start, "lost");
        _time.Advance(TimeSpan.FromDays(40));

        var report = await new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: Small, timeProvider: _time)
            .RunAsync(cancellationToken: Cancellation);

        report.Removed.Should().Be(1);
        (await archive.KeysAsync()).Should().Contain(coming.Key).And.NotContain(orphan.Key);
    }

    [Fact]
    public async Task A_damaged_batch_is_named_and_nothing_takes_its_place()
    {
        var archive = await ArchiveAsync(1_000);
        var victim = archive.Listing.Batches[3];
        _objects.Damage(victim.Key, content => [.. content.SkipLast(1), 0]);
        _time.Advance(TimeSpan.FromDays(8));

        var damaged = await Assert.ThrowsAsync<ObjectDamagedException>(() =>
            new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: Small, timeProvider: _time).RunAsync(cancellationToken: Cancellation));

        damaged.Key.Should().Be(victim.Key.Value);
        (await new ArchiveManifests(_objects).ReadLatestAsync(cancellationToken: Cancellation))!.Number
            .Should().Be(archive.Listing.Number);
    }

    [Fact]
    public async Task A_large_batch_that_cannot_be_read_back_takes_nobodys_place()
    {
        // Each is damaged between the put and the read behind it, as long as that is said.
        var damaging = 0;
        var merged = new HashSet<string>(StringComparer.Ordinal);
        SimulatedObjectStore? objects = null;
        objects = new SimulatedObjectStore(_time, call =>
        {
            if (damaging > 0 && call.Method is nameof(IObjectStore.GetAsync)
                && call.Key.Contains("-c", StringComparison.Ordinal) && merged.Add(call.Key))
            {
                damaging--;
                objects!.Damage(new ObjectKey(call.Key), content => [.. content.SkipLast(1), 0]);
            }

            return ObjectFault.None;
        });
        var archive = await TestArchive.CreateAsync(objects, await Corpus.Create().OrdersAsync(1_000));
        var (before, number) = (await archive.KeysAsync(), archive.Listing.Number);
        _time.Advance(TimeSpan.FromDays(8));
        var lifecycle = new ArchiveLifecycle(
            objects, new BucketListings(objects, _time), policy: Small, timeProvider: _time);
        damaging = 3;

        var damaged = await Assert.ThrowsAsync<ObjectDamagedException>(
            () => lifecycle.RunAsync(cancellationToken: Cancellation));

        merged.Should().HaveCount(3).And.Contain(damaged.Key);
        (await archive.CheckAsync()).Number.Should().Be(number);
        (await archive.KeysAsync()).Should().Contain(before);

        // One more that is damaged does not stand in the way of the next.
        _time.Advance(TimeSpan.FromDays(2));
        damaging = 1;
        (await lifecycle.RunAsync(cancellationToken: Cancellation)).CompactedInto.Should().BePositive();
        merged.Should().HaveCount(4);
        (await archive.CheckAsync()).Batches.Should().NotContain(batch => merged.Contains(batch.Key.Value));
    }

    [Theory]
    [InlineData(ObjectFault.CrashBefore)]
    [InlineData(ObjectFault.CrashAfter)]
    [InlineData(ObjectFault.LostAnswer)]
    [InlineData(ObjectFault.LostRequest)]
    [InlineData(ObjectFault.WrongBytes)]
    public async Task Whatever_fails_at_whichever_call_nothing_is_lost_and_the_next_run_goes_on(ObjectFault fault)
    {
        // Long enough together to become one, in few batches.
        var events = await Corpus.Create().OrdersAsync(800);
        var failures = 0;
        for (var failAt = 1; ; failAt++)
        {
            var time = new ManualTime(ManifestSamples.Time);
            var (counted, left) = (false, failAt);
            var objects = new SimulatedObjectStore(
                time, _ => counted && --left == 0 ? fault : ObjectFault.None);
            var archive = await TestArchive.CreateAsync(objects, events, 200);
            var lifecycle = new ArchiveLifecycle(
            objects, new BucketListings(objects, time), policy: Small, timeProvider: time);
            time.Advance(TimeSpan.FromDays(8));
            var failed = false;
            for (var run = 0; run < 3; run++)
            {
                counted = true;
                var failure = await Record.ExceptionAsync(() => lifecycle.RunAsync(cancellationToken: Cancellation));
                counted = false;
                if (failure is not null)
                {
                    // At the instant after the crash; and the others are checked at the end.
                    await archive.CheckAsync();
                    failed = true;
                }

                time.Advance(TimeSpan.FromHours(25));
            }

            await archive.CheckAsync();
            (await archive.KeysAsync()).Should().BeEquivalentTo(
                archive.Listing.Batches.Select(batch => batch.Key), $"after a failure at call {failAt}");
            archive.Listing.Batches.Should().ContainSingle();
            failures += failed ? 1 : 0;
            if (left > 0)
            {
                break;
            }
        }

        failures.Should().BeGreaterThan(fault is ObjectFault.WrongBytes ? 5 : 20);
    }

    [Fact]
    public async Task Of_two_that_change_the_listing_the_second_is_refused_and_finds_its_place_in_the_next_run()
    {
        var archive = await ArchiveAsync(1_000);
        _time.Advance(TimeSpan.FromDays(8));
        var listings = new BucketListings(_objects, _time);
        var known = (await listings.ReadAsync(Cancellation))!;
        var lifecycle = new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: Small, timeProvider: _time);
        await lifecycle.RunAsync(cancellationToken: Cancellation);

        var batch = known.Batches[0];
        var same = new BatchReplacement(
            new BatchPlan(
                batch.After, batch.First, batch.Last, batch.EventCount, batch.Earliest, batch.Latest, batch.ContentBytes),
            new BatchObject("events/other", batch.StoredBytes, batch.Digest, batch.Digest),
            batch.EventsDigest,
            [],
            [batch.Key.Value]);
        await Assert.ThrowsAsync<ManifestConflictException>(() => listings.ReplaceAsync(known, same, Cancellation));

        await archive.CheckAsync();
    }

    [Fact]
    [Trait("Row", "L06")]
    public async Task Hot_partitions_are_known_by_the_manifests_alone()
    {
        var events = await Corpus.Create().OrdersAsync(12_000, millisecondsBetween: 5);
        var archive = await TestArchive.CreateAsync(_objects, events, 1_000);

        var plan = await new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: Small, timeProvider: _time).PreviewAsync(Cancellation);

        plan.HotPartitions.Should().ContainSingle().Which.Partition.Should().Be("events/2026/07/01/13/");
        plan.HotPartitions[0].PeakEventsPerSecond.Should().BeInRange(100, 210);
        ArchiveLoad.FindHot(archive.Listing, 250).Should().BeEmpty();
    }

    [Fact]
    public async Task An_empty_bucket_has_no_life() =>
        (await new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), timeProvider: _time).RunAsync(cancellationToken: Cancellation))
            .Should().BeEquivalentTo(new { CompactedFrom = 0, Removed = 0, SavingPercent = 0m });

    [Fact]
    public void Policies_that_contradict_themselves_are_refused()
    {
        var warm = new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromDays(7), StorageClass.InfrequentAccess);

        FluentActions.Invoking(() => new LifecyclePolicy(warm, warm)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new LifecyclePolicy(warm with { FromAge = TimeSpan.Zero }))
            .Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => LifecyclePolicy.Default with { RemoveAfter = TimeSpan.Zero })
            .Should().Throw<ArgumentOutOfRangeException>();
        LifecyclePolicy.Default.StagesOf(7 * 365).Select(stage => (double)stage.Days).Should().Equal(7, 23, 335, 2190);
        LifecyclePolicy.Default.StagesOf(10).Select(stage => (double)stage.Days).Should().Equal(7, 3);
    }

    [Fact]
    public async Task What_cannot_be_read_of_a_lost_timeline_keeps_everything_there_and_ends_no_move()
    {
        var archive = await ArchiveAsync(2_000);
        var key = new ObjectKey("lost/00000000000000000009-0123456789abcdef01234567.txt");
        var content = Encoding.UTF8.GetBytes("events/2026/07/01/00/x.batch.zst\n");
        await _objects.PutIfAbsentAsync(key, content, cancellationToken: Cancellation);
        var lifecycle = new ArchiveLifecycle(
            _objects, new BucketListings(_objects, _time), policy: Small, costs: FreeMoves(), timeProvider: _time);
        _time.Advance(TimeSpan.FromDays(8));
        (await lifecycle.RunAsync(cancellationToken: Cancellation)).CompactedInto.Should().BePositive();
        _time.Advance(TimeSpan.FromDays(31));
        _objects.Damage(key, stored => [.. stored.SkipLast(1), 0]);

        var report = await lifecycle.RunAsync(cancellationToken: Cancellation);

        (report.Removed, report.Rest.RemovalsWaitFor).Should().Be((0, key.Value));
        report.Moved.Should().NotBeEmpty();
        await archive.CheckAsync();
        _objects.Damage(key, _ => content);
        var again = await lifecycle.RunAsync(cancellationToken: Cancellation);
        again.Removed.Should().BePositive("what nobody lists goes when it is whole again");
        again.Rest.RemovalsWaitFor.Should().BeNull();
    }

    // As the default prices, but that moves, overheads and least sizes and times cost nothing.
    private static CostModel FreeMoves()
    {
        using var stream = typeof(PriceTable).Assembly.GetManifestResourceStream("prices.json")!;
        var table = JsonNode.Parse(stream)!;
        foreach (var (_, price) in table["classes"]!.AsObject())
        {
            foreach (var member in new[]
            {
                "moveHerePer1000", "minimumDays", "minimumObjectBytes", "overheadBytes", "overheadBytesInStandard",
            })
            {
                price![member] = 0;
            }
        }

        return new CostModel(PriceTable.Parse(Encoding.UTF8.GetBytes(table.ToJsonString())));
    }

    private async Task<TestArchive> ArchiveAsync(int events) =>
        await TestArchive.CreateAsync(_objects, await Corpus.Create().OrdersAsync(events));

    private sealed class Told(List<LifecycleProgress> seen) : IProgress<LifecycleProgress>
    {
        public void Report(LifecycleProgress value) => seen.Add(value);
    }
}
