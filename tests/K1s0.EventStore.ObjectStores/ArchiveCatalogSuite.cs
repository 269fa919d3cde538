using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.ObjectStores;

/// <summary>
/// What the books of an archive promise, whatever keeps them: the simulated ones behave as those of a database do.
/// </summary>
[Trait("Invariant", "I29")]
[Trait("Invariant", "I32")]
public abstract class ArchiveCatalogSuite : IAsyncLifetime
{
    private IReadOnlyList<EventEnvelope> _old = [];
    private IReadOnlyList<EventEnvelope> _older = [];

    protected IArchiveCatalog Catalog { get; private set; } = null!;

    protected ILeaseStore Leases { get; private set; } = null!;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A month that is over.</summary>
    protected abstract DateTimeOffset Older { get; }

    [Fact]
    public async Task A_batch_takes_the_place_of_others_when_its_manifest_is_listed_and_not_before()
    {
        var lease = await LeadAsync();
        var parts = await ListedPartsAsync(lease);
        var replacement = ReplacementOf(default, _older, parts.Select(part => $"{part.Last}"));
        await Catalog.PlanReplacementAsync(lease, ManifestOf(2, default), DigestOf(1), replacement, Cancellation);

        var before = await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation);
        var open = await Catalog.GetStatusAsync(Cancellation);
        (before.Select(batch => batch.Plan), open.ManifestIsOpen, open.Manifest!.Number, open.Manifest.Content.Length)
            .Should().BeEquivalentTo((parts, true, 2, 0));
        (await Catalog.FindOpenManifestAsync(Cancellation))!.Content.Length.Should().Be(1);
        (await Catalog.FindListedAtAsync(1, Cancellation)).Should().NotBeNull();
        (await Catalog.FindListedAtAsync(2, Cancellation)).Should().BeNull();
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        await RefusedAsync(ArchiveRefusal.NotListed, () => Catalog.PruneAsync(lease, Older, Cancellation));
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.PlanReplacementAsync(
                lease, ManifestOf(3, default), DigestOf(2), replacement, Cancellation));

        await Catalog.ListManifestAsync(lease, 2, Cancellation);

        var status = await Catalog.GetStatusAsync(Cancellation);
        (status.ManifestIsOpen, status.Listed, status.Planned).Should().Be((false, parts[^1].Last, parts[^1].Last));
        (await Catalog.FindListedAtAsync(2, Cancellation)).Should().NotBeNull();
        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation)).Should().ContainSingle()
            .Which.Should().BeEquivalentTo(new
            {
                replacement.Plan,
                State = ArchiveState.Prunable,
                replacement.Stored,
                replacement.EventsDigest,
            });
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(parts[^1].Last);
    }

    [Fact]
    public async Task A_batch_that_has_other_events_than_those_in_whose_place_it_comes_is_refused()
    {
        var lease = await LeadAsync();
        var parts = await ListedPartsAsync(lease);
        var good = ReplacementOf(default, _older, parts.Select(part => $"{part.Last}"));
        var tampered = _older.Select((envelope, index) => index == 1
            ? envelope with { PayloadUtf8 = "{}"u8.ToArray() }
            : envelope).ToList();
        (ArchiveRefusal Reason, BatchReplacement Replacement)[] wrong =
        [
            (ArchiveRefusal.Moved, good with { Replaced = [good.Replaced[0]] }),
            (ArchiveRefusal.Moved, good with { Replaced = [.. good.Replaced.Reverse()] }),
            (ArchiveRefusal.Moved, good with { Plan = PlanOf(default, [.. _older.Take(2)]) }),
            (ArchiveRefusal.Moved, good with { Plan = PlanOf(default, [.. _older, .. _old]) }),
            (ArchiveRefusal.Changed, good with { Plan = good.Plan with { EventCount = 5 } }),
            (ArchiveRefusal.Changed, good with { Plan = good.Plan with { First = new Position(good.Plan.First.Value + 1) } }),
            (ArchiveRefusal.Changed, good with { Months = [] }),
            (ArchiveRefusal.Changed, good with { Months = MonthDigest.Of(_older.Skip(1)) }),
            (ArchiveRefusal.Changed, ReplacementOf(default, tampered, ["x"]) with
            {
                Plan = parts[0], Months = MonthDigest.Of(tampered.Take(3)), Replaced = [good.Replaced[0]],
            }),
        ];
        foreach (var (reason, replacement) in wrong)
        {
            await RefusedAsync(reason, () => Catalog.PlanReplacementAsync(
                lease, ManifestOf(2, default), DigestOf(1), replacement, Cancellation));
        }

        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.PlanReplacementAsync(
            lease, ManifestOf(2, default), DigestOf(9), good, Cancellation));
        (await Catalog.GetStatusAsync(Cancellation)).ManifestIsOpen.Should().BeFalse();
        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation)).Select(batch => batch.Plan)
            .Should().Equal(parts);
    }

    [Fact]
    public async Task Batches_on_both_sides_of_the_border_do_not_become_one()
    {
        var lease = await LeadAsync();
        var older = await VerifiedAsync(lease, default, _older);
        await ListedAsync(lease, 1, default, older.Last);
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        await Catalog.PruneAsync(lease, Older, Cancellation);
        var old = await VerifiedAsync(lease, older.Last, _old);
        await ListedAsync(lease, 2, DigestOf(1), old.Last);

        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.PlanReplacementAsync(
            lease,
            ManifestOf(3, default),
            DigestOf(2),
            ReplacementOf(default, [.. _older, .. _old], [$"{older.Last}", $"{old.Last}"]),
            Cancellation));

        // One side alone: what has left stays where events are read from the archive.
        await Catalog.PlanReplacementAsync(
            lease, ManifestOf(3, default), DigestOf(2), ReplacementOf(default, _older, [$"{older.Last}"]), Cancellation);
        await Catalog.ListManifestAsync(lease, 3, Cancellation);
        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation)).Select(batch => batch.State)
            .Should().Equal(ArchiveState.Pruned, ArchiveState.Listed);
    }

    [Fact]
    public async Task Books_without_a_manifest_take_up_the_last_one_of_a_bucket()
    {
        var lease = await LeadAsync();
        var plan = await VerifiedAsync(lease, default, _older);
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.PlanManifestAsync(lease, ManifestOf(7, plan.Last), default, Cancellation));

        await ListedAsync(lease, 7, DigestOf(6), plan.Last);

        var status = await Catalog.GetStatusAsync(Cancellation);
        (status.Manifest!.Number, status.Listed).Should().Be((7, plan.Last));
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.PlanManifestAsync(lease, ManifestOf(9, plan.Last), DigestOf(7), Cancellation));
    }

    /// <summary>The month after it, which is over too.</summary>
    protected abstract DateTimeOffset Old { get; }

    public async ValueTask InitializeAsync()
    {
        (Catalog, Leases) = await CreateAsync();
        _older = await AppendAsync(Older, 6);
        _old = await AppendAsync(Old, 6);
    }

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_batch_goes_its_way_and_its_month_leaves()
    {
        var lease = await LeadAsync();
        var plan = await VerifiedAsync(lease, default, _older);
        await ListedAsync(lease, 1, default, plan.Last);

        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        var bound = await Catalog.PruneAsync(lease, Older, Cancellation);

        bound.Should().Be(plan.Last);
        var status = await Catalog.GetStatusAsync(Cancellation);
        (status.Planned, status.Listed, status.Pruned).Should().Be((plan.Last, plan.Last, plan.Last));
        (await Catalog.ListMonthsAsync(Cancellation)).Select(month => (month.Month, month.EventCount))
            .Where(month => month.EventCount > 0).Should().Equal((Old, 6));
        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation))
            .Select(batch => (batch.Plan, batch.State)).Should().Equal((plan, ArchiveState.Pruned));
        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.PruneAsync(lease, Older, Cancellation));
    }

    [Fact]
    public async Task The_next_batch_begins_where_the_last_one_ends_and_has_exactly_what_is_there()
    {
        var lease = await LeadAsync();
        var plan = PlanOf(default, _older);
        await RefusedAsync(
            ArchiveRefusal.Moved, () => Catalog.PlanAsync(lease, PlanOf(_older[2].Position, _old), Cancellation));
        await RefusedAsync(
            ArchiveRefusal.Changed,
            () => Catalog.PlanAsync(lease, plan with { EventCount = plan.EventCount - 1 }, Cancellation));
        await RefusedAsync(
            ArchiveRefusal.Changed,
            () => Catalog.PlanAsync(lease, plan with { Earliest = plan.Earliest.AddSeconds(-1) }, Cancellation));

        await Catalog.PlanAsync(lease, plan, Cancellation);

        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.PlanAsync(lease, plan, Cancellation));
        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation))
            .Should().Equal(new BatchEntry(plan, ArchiveState.Planned, 0, null, default));
    }

    [Fact]
    public async Task Only_the_last_attempt_counts()
    {
        var lease = await LeadAsync();
        var plan = PlanOf(default, _older);
        await Catalog.PlanAsync(lease, plan, Cancellation);
        var first = await Catalog.BeginUploadAsync(lease, plan.Last, Cancellation);
        var second = await Catalog.BeginUploadAsync(lease, plan.Last, Cancellation);

        second.Should().BeGreaterThan(first);
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.FinishUploadAsync(lease, plan.Last, first, ObjectOf("first"), Cancellation));
        await Catalog.FinishUploadAsync(lease, plan.Last, second, ObjectOf("second"), Cancellation);
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.VerifyAsync(
                lease, plan.Last, first, EventRunDigest.Of(_older), MonthDigest.Of(_older), Cancellation));
        await Catalog.FailUploadAsync(lease, plan.Last, second, "torn", Cancellation);

        (await Catalog.BeginUploadAsync(lease, plan.Last, Cancellation)).Should().BeGreaterThan(second);
    }

    [Fact]
    public async Task What_was_read_back_has_to_be_what_the_database_has()
    {
        var lease = await LeadAsync();
        var (plan, attempt) = await UploadedAsync(lease, default, _older);
        var wrong = _older.Select((envelope, index) => index == 3
            ? envelope with { PayloadUtf8 = "{}"u8.ToArray() }
            : envelope).ToList();

        await RefusedAsync(
            ArchiveRefusal.Changed,
            () => Catalog.VerifyAsync(
                lease, plan.Last, attempt, EventRunDigest.Of(wrong), MonthDigest.Of(wrong), Cancellation));
        await RefusedAsync(
            ArchiveRefusal.Changed,
            () => Catalog.VerifyAsync(
                lease, plan.Last, attempt, EventRunDigest.Of(_older), MonthDigest.Of(_older.Skip(1)), Cancellation));
        await Catalog.VerifyAsync(
            lease, plan.Last, attempt, EventRunDigest.Of(_older), MonthDigest.Of(_older), Cancellation);

        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation))
            .Should().ContainSingle().Which.State.Should().Be(ArchiveState.Verified);
        await RefusedAsync(
            ArchiveRefusal.Moved, () => Catalog.FailUploadAsync(lease, plan.Last, attempt, "late", Cancellation));
        await RefusedAsync(
            ArchiveRefusal.Moved, () => Catalog.BeginUploadAsync(lease, plan.Last, Cancellation));
    }

    [Fact]
    public async Task A_manifest_continues_the_last_one_and_lists_what_is_verified()
    {
        var lease = await LeadAsync();
        var older = await VerifiedAsync(lease, default, _older);
        var (old, _) = await UploadedAsync(lease, older.Last, _old);
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.PlanManifestAsync(lease, ManifestOf(1, old.Last), default, Cancellation));
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.PlanManifestAsync(lease, ManifestOf(2, older.Last), default, Cancellation));

        await Catalog.PlanManifestAsync(lease, ManifestOf(1, older.Last), default, Cancellation);

        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.PlanManifestAsync(lease, ManifestOf(2, older.Last), DigestOf(1), Cancellation));
        var open = await Catalog.GetStatusAsync(Cancellation);
        (open.ManifestIsOpen, open.Manifest!.Number, open.Manifest.Content.Length, open.Listed.Value)
            .Should().Be((true, 1, 0, 0), "the bytes of a manifest may be many, and the status is asked often");
        var planned = (await Catalog.FindOpenManifestAsync(Cancellation))!;
        (planned.Number, planned.Digest, planned.Content.Length, planned.Through)
            .Should().Be((1, DigestOf(1), 1, older.Last));
        await Catalog.ListManifestAsync(lease, 1, Cancellation);
        (await Catalog.FindOpenManifestAsync(Cancellation)).Should().BeNull();
        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.ListManifestAsync(lease, 1, Cancellation));
        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.AbandonManifestAsync(lease, 1, Cancellation));
        var listed = await Catalog.GetStatusAsync(Cancellation);
        (listed.ManifestIsOpen, listed.Manifest!.Digest, listed.Listed).Should().Be((false, DigestOf(1), older.Last));
        await RefusedAsync(
            ArchiveRefusal.Moved,
            () => Catalog.PlanManifestAsync(lease, ManifestOf(2, older.Last), DigestOf(9), Cancellation));
        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation)).Select(batch => batch.State)
            .Should().Equal(ArchiveState.Listed, ArchiveState.Uploaded);
    }

    [Fact]
    public async Task A_leader_that_lost_its_lease_writes_nothing()
    {
        var stale = await LeadAsync();
        var (plan, attempt) = await UploadedAsync(stale, default, _older);
        await Leases.ReleaseAsync(stale, Cancellation);
        var lease = await LeadAsync();
        var before = await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation);

        Func<Task>[] writes =
        [
            () => Catalog.PlanAsync(stale, PlanOf(plan.Last, _old), Cancellation),
            () => Catalog.BeginUploadAsync(stale, plan.Last, Cancellation),
            () => Catalog.FinishUploadAsync(stale, plan.Last, attempt, ObjectOf("stale"), Cancellation),
            () => Catalog.FailUploadAsync(stale, plan.Last, attempt, "stale", Cancellation),
            () => Catalog.VerifyAsync(
                stale, plan.Last, attempt, EventRunDigest.Of(_older), MonthDigest.Of(_older), Cancellation),
            () => Catalog.PlanManifestAsync(stale, ManifestOf(1, plan.Last), default, Cancellation),
            () => Catalog.ListManifestAsync(stale, 1, Cancellation),
            () => Catalog.PlanReplacementAsync(
                stale, ManifestOf(1, plan.Last), default, ReplacementOf(default, _older, [$"{plan.Last}"]), Cancellation),
            () => Catalog.AllowPruneAsync(stale, Older, Cancellation),
            () => Catalog.PruneAsync(stale, Older, Cancellation),
        ];
        foreach (var write in writes)
        {
            (await FluentActions.Awaiting(write).Should().ThrowAsync<LeaseLostException>())
                .Which.Epoch.Should().Be(stale.Epoch);
        }

        (await Catalog.ListBatchesAsync(default, cancellationToken: Cancellation)).Should().Equal(before);
        await Catalog.VerifyAsync(
            lease, plan.Last, attempt, EventRunDigest.Of(_older), MonthDigest.Of(_older), Cancellation);
    }

    [Fact]
    public async Task A_month_that_is_not_all_listed_stays()
    {
        var lease = await LeadAsync();
        await RefusedAsync(ArchiveRefusal.NotListed, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        var half = await VerifiedAsync(lease, default, [.. _older.Take(3)]);
        await ListedAsync(lease, 1, default, half.Last);
        await RefusedAsync(ArchiveRefusal.NotListed, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        var rest = await VerifiedAsync(lease, half.Last, [.. _older.Skip(3)]);
        await RefusedAsync(ArchiveRefusal.NotListed, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        await RefusedAsync(ArchiveRefusal.NotListed, () => Catalog.PruneAsync(lease, Older, Cancellation));
        await ListedAsync(lease, 2, DigestOf(1), rest.Last);

        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(rest.Last);
    }

    [Fact]
    public async Task A_month_that_nobody_allowed_to_leave_stays()
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);

        await RefusedAsync(ArchiveRefusal.NotListed, () => Catalog.PruneAsync(lease, Older, Cancellation));

        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(_older[^1].Position);
    }

    [Fact]
    public async Task Only_a_month_from_its_first_instant_leaves()
    {
        var lease = await LeadAsync();
        var older = await VerifiedAsync(lease, default, _older);
        var old = await VerifiedAsync(lease, older.Last, _old);
        await ListedAsync(lease, 1, default, old.Last);
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        await Catalog.AllowPruneAsync(lease, Old, Cancellation);
        (await Catalog.PruneAsync(lease, Old, Cancellation)).Should().Be(old.Last);

        // From its second day up to that of the next month there is nothing, and nothing that would not be listed.
        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.PruneAsync(lease, Older.AddDays(1), Cancellation));

        (await Catalog.ListMonthsAsync(Cancellation)).Should().Contain(
            month => month.Month == Older && month.EventCount == 6);
        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(old.Last, "the bound does not go back");
    }

    [Fact]
    public async Task What_keeps_a_month_is_looked_for_before_its_events_are()
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        var hold = new ArchiveHold(Guid.CreateVersion7(), "case 7", null, null, _older[1].StreamId, "counsel");
        await Catalog.PlaceHoldAsync(hold, Cancellation);
        await TamperAsync(_older[2].Position);

        await RefusedAsync(ArchiveRefusal.Held, () => Catalog.PruneAsync(lease, Older, Cancellation));

        await Catalog.ReleaseHoldAsync(hold.Id, "counsel", Cancellation);
        await RefusedAsync(ArchiveRefusal.Changed, () => Catalog.PruneAsync(lease, Older, Cancellation));
    }

    [Fact]
    public async Task A_month_that_changed_since_it_was_verified_stays()
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        await TamperAsync(_older[2].Position);

        await RefusedAsync(ArchiveRefusal.Changed, () => Catalog.PruneAsync(lease, Older, Cancellation));

        (await Catalog.ListMonthsAsync(Cancellation)).Should().Contain(
            month => month.Month == Older && month.EventCount == 6);
    }

    [Fact]
    [Trait("PeerBug", "B29")]
    public async Task A_month_that_got_an_event_since_stays_until_that_is_archived_too()
    {
        var lease = await LeadAsync();
        var all = _older.Concat(_old).ToList();
        var plan = await VerifiedAsync(lease, default, all);
        await ListedAsync(lease, 1, default, plan.Last);
        var late = await AppendAsync(Older, 1);
        await RefusedAsync(ArchiveRefusal.NotListed, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        var rest = await VerifiedAsync(lease, plan.Last, late);
        await ListedAsync(lease, 2, DigestOf(1), rest.Last);

        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(late[0].Position);

        (await Catalog.ListMonthsAsync(Cancellation)).Should().Contain(
            month => month.Month == Old && month.EventCount == 6, "events before the bound may be in both");
        await Catalog.AllowPruneAsync(lease, Old, Cancellation);
        (await Catalog.PruneAsync(lease, Old, Cancellation)).Should().Be(late[0].Position);
    }

    [Fact]
    public async Task Nobody_who_is_behind_is_left_behind()
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);
        await SubscribeAsync("reader", null);
        await RefusedAsync(ArchiveRefusal.Behind, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        await SubscribeAsync("reader", _older[4].Position);
        await RefusedAsync(ArchiveRefusal.Behind, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        (await Catalog.FindObstaclesAsync(Older, Cancellation))
            .Select(obstacle => obstacle.Reason).Should().Equal(ArchiveRefusal.Behind);
        await SubscribeAsync("reader", _older[5].Position);
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        await SubscribeAsync("new one", null);
        await RefusedAsync(ArchiveRefusal.Behind, () => Catalog.PruneAsync(lease, Older, Cancellation));
        await SubscribeAsync("new one", _old[5].Position);

        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(_older[5].Position);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_hold_keeps_its_events_and_those_of_their_month_until_it_is_released(bool range, bool stream)
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);
        var hold = new ArchiveHold(
            Guid.CreateVersion7(),
            "case 7",
            range ? _older[1].Position : null,
            range ? _older[2].Position : null,
            stream ? _older[1].StreamId : null,
            "counsel");
        var elsewhere = hold with { Id = Guid.CreateVersion7(), From = _old[0].Position, To = null };
        await Catalog.PlaceHoldAsync(hold, Cancellation);
        await Catalog.PlaceHoldAsync(hold, Cancellation);
        await Catalog.PlaceHoldAsync(elsewhere, Cancellation);

        await RefusedAsync(ArchiveRefusal.Held, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        (await Catalog.ListHoldsAsync(Cancellation)).Should().Equal(hold, elsewhere);
        (await Catalog.ReleaseHoldAsync(hold.Id, "counsel", Cancellation)).Should().BeTrue();
        (await Catalog.ReleaseHoldAsync(hold.Id, "counsel", Cancellation)).Should().BeFalse();
        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        await Catalog.PlaceHoldAsync(hold with { Id = Guid.CreateVersion7() }, Cancellation);

        await RefusedAsync(ArchiveRefusal.Held, () => Catalog.PruneAsync(lease, Older, Cancellation));
    }

    [Fact]
    public async Task A_hold_that_says_nothing_is_refused()
    {
        var hold = new ArchiveHold(Guid.CreateVersion7(), "why", new Position(1), new Position(2), null, "who");
        foreach (var wrong in new[]
        {
            hold with { Id = Guid.Empty }, hold with { Reason = string.Empty }, hold with { PlacedBy = string.Empty },
            hold with { From = null, To = null }, hold with { From = new Position(3) },
            hold with { Reason = new string('x', 501) },
        })
        {
            await FluentActions.Awaiting(() => Catalog.PlaceHoldAsync(wrong, Cancellation))
                .Should().ThrowAsync<ArgumentException>();
        }

        (await Catalog.ListHoldsAsync(Cancellation)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_month_stays_for_as_long_as_it_has_to()
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);
        await Catalog.SetMinimumRetentionAsync(TimeSpan.FromDays(36_500), Cancellation);
        (await Catalog.GetStatusAsync(Cancellation)).MinimumRetention.Should().Be(TimeSpan.FromDays(36_500));
        await RefusedAsync(ArchiveRefusal.Retained, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        await Catalog.SetMinimumRetentionAsync(TimeSpan.Zero, Cancellation);
        var now = MonthDigest.MonthOf((await Catalog.GetStatusAsync(Cancellation)).Now);
        await RefusedAsync(ArchiveRefusal.Retained, () => Catalog.AllowPruneAsync(lease, now, Cancellation));
        await RefusedAsync(
            ArchiveRefusal.Retained, () => Catalog.AllowPruneAsync(lease, Older.AddDays(1), Cancellation));

        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(_older[^1].Position);
    }

    [Fact]
    public async Task The_id_of_a_hold_is_that_of_one_hold_once()
    {
        var hold = new ArchiveHold(
            Guid.CreateVersion7(), "case 7", _older[1].Position, null, _older[1].StreamId, "counsel");
        await Catalog.PlaceHoldAsync(hold, Cancellation);
        foreach (var other in new[]
        {
            hold with { Reason = "case 8" }, hold with { From = _old[1].Position }, hold with { To = _old[1].Position },
            hold with { StreamId = null }, hold with { PlacedBy = "auditor" },
        })
        {
            await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.PlaceHoldAsync(other, Cancellation));
        }

        (await Catalog.ListHoldsAsync(Cancellation)).Should().Equal(hold);
        await Catalog.ReleaseHoldAsync(hold.Id, "counsel", Cancellation);

        await RefusedAsync(ArchiveRefusal.Moved, () => Catalog.PlaceHoldAsync(hold, Cancellation));

        (await Catalog.ListHoldsAsync(Cancellation)).Should().BeEmpty();
        await Catalog.PlaceHoldAsync(hold with { Id = Guid.CreateVersion7() }, Cancellation);
        (await Catalog.ListHoldsAsync(Cancellation)).Should().ContainSingle();
    }

    [Fact]
    public async Task What_has_to_stay_is_raised_and_not_lowered_by_who_raises_it()
    {
        await Catalog.RaiseMinimumRetentionAsync(TimeSpan.FromDays(20), Cancellation);
        await Catalog.RaiseMinimumRetentionAsync(TimeSpan.FromDays(10), Cancellation);
        (await Catalog.GetStatusAsync(Cancellation)).MinimumRetention.Should().Be(TimeSpan.FromDays(20));

        await Catalog.RaiseMinimumRetentionAsync(TimeSpan.FromDays(30), Cancellation);

        (await Catalog.GetStatusAsync(Cancellation)).MinimumRetention.Should().Be(TimeSpan.FromDays(30));
        await FluentActions.Awaiting(() => Catalog.RaiseMinimumRetentionAsync(TimeSpan.FromTicks(-1), Cancellation))
            .Should().ThrowAsync<ArgumentOutOfRangeException>();
    }

    [Fact]
    public async Task Months_that_end_later_than_asked_for_are_listed_and_not_counted()
    {
        var months = (await Catalog.ListMonthsAsync(Old, Cancellation)).Where(month => month.Month <= Old).ToList();

        months.Select(month => (month.Month, month.EventCount, month.First, month.Last)).Should().Equal(
            (Older, 6, _older[0].Position, _older[^1].Position), (Old, 0, default, default));
        months.Should().OnlyContain(month => month.Bytes > 0);
    }

    [Fact]
    public async Task A_ledger_that_has_sealed_nothing_yet_is_not_left_behind()
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);
        await BeginLedgerAsync();

        await RefusedAsync(ArchiveRefusal.Unsealed, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));

        (await Catalog.FindObstaclesAsync(Older, Cancellation))
            .Select(obstacle => obstacle.Reason).Should().Equal(ArchiveRefusal.Unsealed);
    }

    [Fact]
    public async Task What_the_ledger_has_not_sealed_stays()
    {
        var lease = await LeadAsync();
        await ListedAsync(lease, 1, default, (await VerifiedAsync(lease, default, _older)).Last);
        await SealAsync(_older[3].Position);
        await RefusedAsync(ArchiveRefusal.Unsealed, () => Catalog.AllowPruneAsync(lease, Older, Cancellation));
        await SealAsync(_older[5].Position);

        await Catalog.AllowPruneAsync(lease, Older, Cancellation);
        (await Catalog.PruneAsync(lease, Older, Cancellation)).Should().Be(_older[5].Position);
    }

    protected abstract Task<(IArchiveCatalog Catalog, ILeaseStore Leases)> CreateAsync();

    /// <summary>Appends events of two streams that are recorded in a month.</summary>
    protected abstract Task<IReadOnlyList<EventEnvelope>> AppendAsync(DateTimeOffset month, int count);

    /// <summary>Changes the payload of a row behind everybody's back.</summary>
    protected abstract Task TamperAsync(Position position);

    /// <summary>Registers a subscription, or moves it; null: it has no checkpoint.</summary>
    protected abstract Task SubscribeAsync(string consumer, Position? position);

    /// <summary>A sealer began to work; nothing is sealed yet.</summary>
    protected abstract Task BeginLedgerAsync();

    /// <summary>The ledger has sealed up to a position.</summary>
    protected abstract Task SealAsync(Position position);

    private static Sha256Digest DigestOf(long number) => Sha256Digest.Of([(byte)number]);

    private static PlannedManifest ManifestOf(long number, Position through) =>
        new(number, DigestOf(number), new byte[] { (byte)number }, through);

    private static BatchObject ObjectOf(string name) =>
        new($"events/{name}", 100, Sha256Digest.Of([1]), Sha256Digest.Of([2]));

    private static BatchReplacement ReplacementOf(
        Position after, IReadOnlyList<EventEnvelope> events, IEnumerable<string> replaced) => new(
        PlanOf(after, events),
        new BatchObject("events/merged", 200, Sha256Digest.Of([3]), Sha256Digest.Of([4])),
        EventRunDigest.Of(events),
        MonthDigest.Of(events),
        [.. replaced.Select(last => $"events/{last}")]);

    private static BatchPlan PlanOf(Position after, IReadOnlyList<EventEnvelope> events) => new(
        after,
        events[0].Position,
        events[^1].Position,
        events.Count,
        events.Min(envelope => envelope.RecordedAt),
        events.Max(envelope => envelope.RecordedAt),
        1_000);

    private static async Task RefusedAsync(ArchiveRefusal reason, Func<Task> action) =>
        (await FluentActions.Awaiting(action).Should().ThrowAsync<ArchiveRefusedException>())
            .Which.Reason.Should().Be(reason);

    private async Task<Lease> LeadAsync() => (await Leases.TryAcquireAsync(
        IArchiveCatalog.LeaseName, "suite", TimeSpan.FromMinutes(10), Cancellation))!;

    private async Task<(BatchPlan Plan, int Attempt)> UploadedAsync(
        Lease lease, Position after, IReadOnlyList<EventEnvelope> events)
    {
        var plan = PlanOf(after, events);
        await Catalog.PlanAsync(lease, plan, Cancellation);
        var attempt = await Catalog.BeginUploadAsync(lease, plan.Last, Cancellation);
        await Catalog.FinishUploadAsync(lease, plan.Last, attempt, ObjectOf($"{plan.Last}"), Cancellation);
        return (plan, attempt);
    }

    private async Task<BatchPlan> VerifiedAsync(Lease lease, Position after, IReadOnlyList<EventEnvelope> events)
    {
        var (plan, attempt) = await UploadedAsync(lease, after, events);
        await Catalog.VerifyAsync(
            lease, plan.Last, attempt, EventRunDigest.Of(events), MonthDigest.Of(events), Cancellation);
        return plan;
    }

    private async Task ListedAsync(Lease lease, long number, Sha256Digest previous, Position through)
    {
        await Catalog.PlanManifestAsync(lease, ManifestOf(number, through), previous, Cancellation);
        await Catalog.ListManifestAsync(lease, number, Cancellation);
    }

    // The older month in two batches of three events each.
    private async Task<IReadOnlyList<BatchPlan>> ListedPartsAsync(Lease lease)
    {
        var first = await VerifiedAsync(lease, default, [.. _older.Take(3)]);
        var second = await VerifiedAsync(lease, first.Last, [.. _older.Skip(3)]);
        await ListedAsync(lease, 1, default, second.Last);
        return [first, second];
    }
}
