using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Conformance;

/// <summary>Checkpoints: compare-and-set on the owner's epoch and the old position.</summary>
public abstract class CheckpointSuite : ConformanceSuite
{
    private string Consumer => $"consumer-{TestKey}";

    [Fact]
    public async Task A_checkpoint_that_was_saved_is_found_by_the_next_owner()
    {
        var checkpoint = await AtAsync(42);
        var claim = await ClaimAsync("first");

        var moved = await Checkpoints.SaveAsync(claim, checkpoint, Cancellation);

        moved.Should().Be(claim with { Checkpoint = checkpoint });
        (await Checkpoints.LoadAsync(Consumer, Cancellation)).Should().Be(checkpoint);
        (await ClaimAsync("second")).Checkpoint.Should().Be(checkpoint);
    }

    [Fact]
    public async Task A_consumer_that_never_saved_has_no_checkpoint()
    {
        (await Checkpoints.LoadAsync(Consumer, Cancellation)).Should().BeNull();

        var claim = await ClaimAsync("first");

        (claim.Consumer, claim.Owner, claim.Checkpoint).Should().Be((Consumer, "first", null));
        (await Checkpoints.LoadAsync(Consumer, Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Every_claim_raises_the_epoch_even_by_the_same_owner()
    {
        var first = await ClaimAsync("same");
        var second = await ClaimAsync("same");
        var third = await ClaimAsync("other");

        first.Epoch.Should().BeGreaterThanOrEqualTo(1);
        second.Epoch.Should().BeGreaterThan(first.Epoch);
        third.Epoch.Should().BeGreaterThan(second.Epoch);
    }

    [Fact]
    public async Task A_former_owner_is_refused_and_the_new_one_is_not_disturbed()
    {
        var former = await Checkpoints.SaveAsync(await ClaimAsync("former"), await AtAsync(10), Cancellation);
        var owner = await ClaimAsync("owner");

        var conflict = await RefusedSaveAsync<CheckpointConflictException>(former, await AtAsync(20));

        conflict.Consumer.Should().Be(Consumer);
        (conflict.ExpectedEpoch, conflict.ActualEpoch).Should().Be((former.Epoch, owner.Epoch));
        (conflict.ExpectedPosition, conflict.ActualPosition).Should().Be((new Position(10), new Position(10)));
        conflict.IsTransient.Should().BeFalse();
        await Checkpoints.SaveAsync(owner, await AtAsync(11), Cancellation);
        (await Checkpoints.LoadAsync(Consumer, Cancellation))!.Position.Value.Should().Be(11);
    }

    [Fact]
    public async Task A_writer_that_believes_in_an_old_position_is_refused()
    {
        var claim = await Checkpoints.SaveAsync(await ClaimAsync("owner"), await AtAsync(10), Cancellation);
        await Checkpoints.SaveAsync(claim, await AtAsync(20), Cancellation);

        var conflict = await RefusedSaveAsync<CheckpointConflictException>(claim, await AtAsync(15));

        (conflict.ExpectedEpoch, conflict.ActualEpoch).Should().Be((claim.Epoch, claim.Epoch));
        (conflict.ExpectedPosition, conflict.ActualPosition).Should().Be((new Position(10), new Position(20)));
    }

    [Fact]
    public async Task Saving_the_same_again_gives_the_same_answer_as_the_first_time()
    {
        var claim = await ClaimAsync("owner");
        foreach (var position in new[] { 10, 20, 5 })
        {
            var moved = await Checkpoints.SaveAsync(claim, await AtAsync(position), Cancellation);

            var again = await Checkpoints.SaveAsync(claim, await AtAsync(position), Cancellation);

            again.Should().Be(moved);
            (await Checkpoints.LoadAsync(Consumer, Cancellation)).Should().Be(moved.Checkpoint);
            claim = again;
        }
    }

    [Fact]
    public async Task Another_checkpoint_at_the_same_position_is_not_the_same_again()
    {
        var claim = await ClaimAsync("owner");
        var saved = await AtAsync(10);
        await Checkpoints.SaveAsync(claim, saved, Cancellation);

        await RefusedSaveAsync<CheckpointConflictException>(
            claim, saved with { ChainHash = Sha256Digest.Of("another"u8) });
        await RefusedSaveAsync<CheckpointConflictException>(claim, saved with { ChainHash = default });
    }

    [Fact]
    public async Task A_former_owner_is_refused_also_when_it_repeats_what_it_saved()
    {
        var former = await ClaimAsync("former");
        var saved = await AtAsync(10);
        await Checkpoints.SaveAsync(former, saved, Cancellation);
        await ClaimAsync("owner");

        await RefusedSaveAsync<CheckpointConflictException>(former, saved);
    }

    [Fact]
    public async Task A_claim_without_a_checkpoint_is_refused_once_there_is_one()
    {
        var claim = await ClaimAsync("owner");
        await Checkpoints.SaveAsync(claim, await AtAsync(10), Cancellation);

        var conflict = await RefusedSaveAsync<CheckpointConflictException>(claim, await AtAsync(20));

        (conflict.ExpectedPosition, conflict.ActualPosition).Should().Be((Position.Start, new Position(10)));
    }

    [Fact]
    public async Task A_claim_that_nobody_made_is_refused()
    {
        var invented = new CheckpointClaim(Consumer, "nobody", Epoch: 1, Checkpoint: null);

        var conflict = await RefusedSaveAsync<CheckpointConflictException>(invented, await AtAsync(1));

        (conflict.ExpectedEpoch, conflict.ActualEpoch).Should().Be((1, 0));
    }

    [Fact]
    public async Task A_claim_of_an_epoch_that_is_still_to_come_is_refused()
    {
        var claim = await ClaimAsync("owner");

        await RefusedSaveAsync<CheckpointConflictException>(claim with { Epoch = claim.Epoch + 1 }, await AtAsync(1));
    }

    [Fact]
    public async Task A_checkpoint_may_be_set_back()
    {
        var claim = await Checkpoints.SaveAsync(await ClaimAsync("owner"), await AtAsync(30), Cancellation);

        var reset = await Checkpoints.SaveAsync(claim, await AtAsync(0), Cancellation);
        await Checkpoints.SaveAsync(reset, await AtAsync(5), Cancellation);

        (await Checkpoints.LoadAsync(Consumer, Cancellation))!.Position.Value.Should().Be(5);
    }

    [Fact]
    public async Task A_checkpoint_of_another_store_or_another_epoch_of_the_store_is_refused()
    {
        var identity = await Feed.GetIdentityAsync(Cancellation);
        var claim = await ClaimAsync("owner");
        foreach (var found in new[]
        {
            identity with { StoreId = Guid.CreateVersion7() }, identity with { Epoch = identity.Epoch + 1 }, default,
        })
        {
            var refusal = await RefusedSaveAsync<StoreIdentityException>(claim, new Checkpoint(new Position(1), found));

            (refusal.Expected, refusal.Found).Should().Be((identity, found));
        }
    }

    [Fact]
    public async Task Consumers_do_not_share_anything()
    {
        var other = $"Consumer-{TestKey}";
        var claim = await ClaimAsync("owner");
        var otherClaim = await Checkpoints.ClaimAsync(other, "owner", Cancellation);

        await Checkpoints.SaveAsync(claim, await AtAsync(10), Cancellation);
        await Checkpoints.SaveAsync(otherClaim, await AtAsync(20), Cancellation);

        (await Checkpoints.LoadAsync(Consumer, Cancellation))!.Position.Value.Should().Be(10);
        (await Checkpoints.LoadAsync(other, Cancellation))!.Position.Value.Should().Be(20);
    }

    [Fact]
    public async Task Another_instance_goes_on_behind_the_last_event_that_was_handled()
    {
        var stream = await StreamWithAsync(5);
        var handled = (await OwnFeedAsync((await LoadAsync(stream))[^1].Position))[2];
        var checkpoint = new Checkpoint(handled.Position, await Feed.GetIdentityAsync(Cancellation), handled.ChainHash);
        await Checkpoints.SaveAsync(await ClaimAsync("first process"), checkpoint, Cancellation);

        await using var another = await Backend.OpenAnotherAsync();
        var claim = await another.Checkpoints.ClaimAsync(Consumer, "second process", Cancellation);
        var page = await another.Feed.ReadFeedPageAsync(
            claim.Checkpoint!.Position, OwnEvents, cancellationToken: Cancellation);

        claim.Checkpoint.ChainHash.Should().Be(handled.ChainHash);
        page.Events.Select(envelope => envelope.Version).Should().Equal(4, 5);
    }

    [Fact]
    public async Task Of_claims_that_race_the_one_with_the_highest_epoch_may_write_and_no_other()
    {
        var claims = await Task.WhenAll(Enumerable.Range(0, 16).Select(owner => Task.Run(
            () => ClaimAsync(owner.ToString(CultureInfo.InvariantCulture)), Cancellation)));
        claims.Select(claim => claim.Epoch).Should().OnlyHaveUniqueItems();

        var winner = claims.MaxBy(claim => claim.Epoch)!;
        foreach (var loser in claims.Where(claim => claim != winner))
        {
            await RefusedSaveAsync<CheckpointConflictException>(loser, await AtAsync(1));
        }

        await Checkpoints.SaveAsync(winner, await AtAsync(2), Cancellation);
        (await Checkpoints.LoadAsync(Consumer, Cancellation))!.Position.Value.Should().Be(2);
    }

    [Fact]
    public async Task Of_saves_that_race_with_one_claim_exactly_one_wins()
    {
        var claim = await ClaimAsync("owner");

        var positions = await Task.WhenAll(Enumerable.Range(1, 16).Select(position => Task.Run(
            async () =>
            {
                try
                {
                    await Checkpoints.SaveAsync(claim, await AtAsync(position), Cancellation);
                    return position;
                }
                catch (CheckpointConflictException)
                {
                    return 0;
                }
            },
            Cancellation)));

        var won = positions.Should().ContainSingle(position => position > 0).Subject;
        (await Checkpoints.LoadAsync(Consumer, Cancellation))!.Position.Value.Should().Be(won);
    }

    private Task<CheckpointClaim> ClaimAsync(string owner) => Checkpoints.ClaimAsync(Consumer, owner, Cancellation);

    private async Task<Checkpoint> AtAsync(long position) => new(
        new Position(position),
        await Feed.GetIdentityAsync(Cancellation),
        Sha256Digest.Of(BitConverter.GetBytes(position)));

    private async Task<TException> RefusedSaveAsync<TException>(CheckpointClaim claim, Checkpoint checkpoint)
        where TException : Exception
    {
        var before = await Checkpoints.LoadAsync(Consumer, Cancellation);
        var refusal = await Assert.ThrowsAsync<TException>(
            () => Checkpoints.SaveAsync(claim, checkpoint, Cancellation));
        (await Checkpoints.LoadAsync(Consumer, Cancellation)).Should().Be(before);
        return refusal;
    }
}
