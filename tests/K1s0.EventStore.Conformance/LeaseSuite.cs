using System.Globalization;

namespace K1s0.EventStore.Conformance;

/// <summary>Leases: one holder at a time by the store's clock, and an epoch that tells holders apart.</summary>
[Trait("Row", "X04")]
public abstract class LeaseSuite : ConformanceSuite
{
    // Longer than any of these tests, and shorter than a renewal.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(20);

    private string Name => $"lease-{TestKey}";

    public static TheoryData<double> WrongDurations => new(-1, 0, 0.999, 3_600.001, 100_000_000);

    [Fact]
    public async Task A_lease_that_nobody_holds_is_acquired()
    {
        var lease = await HoldAsync("first");

        (lease.Name, lease.Owner).Should().Be((Name, "first"));
        lease.Epoch.Should().BeGreaterThanOrEqualTo(1);
        lease.ExpiresAt.Should().BeAfter(DateTimeOffset.UnixEpoch);
    }

    [Fact]
    public async Task A_lease_that_is_held_is_acquired_by_nobody_not_even_by_the_same_owner()
    {
        var lease = await HoldAsync("same");

        (await TryAsync("other")).Should().BeNull();
        (await TryAsync("same")).Should().BeNull();

        (await Leases.RenewAsync(lease, Long, Cancellation)).Epoch.Should().Be(lease.Epoch);
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_acquired_with_a_higher_epoch_and_its_former_holder_has_lost_it()
    {
        var former = await HoldAsync("former");
        await Backend.RunOutAsync(former);

        var holder = await HoldAsync("holder");

        holder.Epoch.Should().BeGreaterThan(former.Epoch);
        var lost = await Assert.ThrowsAsync<LeaseLostException>(() => Leases.RenewAsync(former, Long, Cancellation));
        (lost.LeaseName, lost.Epoch, lost.IsTransient).Should().Be((Name, former.Epoch, false));
        (await Leases.RenewAsync(holder, Long, Cancellation)).Epoch.Should().Be(holder.Epoch);
    }

    [Fact]
    public async Task A_holder_that_slept_past_its_lease_has_lost_it_even_when_nobody_took_it()
    {
        var lease = await HoldAsync("sleeper");
        await Backend.RunOutAsync(lease);

        await Assert.ThrowsAsync<LeaseLostException>(() => Leases.RenewAsync(lease, Long, Cancellation));

        (await HoldAsync("sleeper")).Epoch.Should().BeGreaterThan(lease.Epoch);
    }

    [Fact]
    public async Task A_renewal_moves_the_end_and_keeps_the_epoch()
    {
        var lease = await HoldAsync("holder");

        var renewed = await Leases.RenewAsync(lease, TimeSpan.FromMinutes(30), Cancellation);

        renewed.Should().Be(lease with { ExpiresAt = renewed.ExpiresAt });
        renewed.ExpiresAt.Should().BeAfter(lease.ExpiresAt);
        (await TryAsync("other")).Should().BeNull();
        await Backend.RunOutAsync(renewed);
        (await TryAsync("other")).Should().NotBeNull();
    }

    [Fact]
    public async Task A_lease_that_was_released_is_free_at_once_and_lost_to_its_holder()
    {
        var lease = await HoldAsync("first");

        await Leases.ReleaseAsync(lease, Cancellation);

        await Assert.ThrowsAsync<LeaseLostException>(() => Leases.RenewAsync(lease, Long, Cancellation));
        (await HoldAsync("second")).Epoch.Should().BeGreaterThan(lease.Epoch);
    }

    [Fact]
    public async Task Releasing_a_lost_lease_does_not_disturb_the_new_holder()
    {
        var former = await HoldAsync("former");
        await Backend.RunOutAsync(former);
        var holder = await HoldAsync("holder");

        await Leases.ReleaseAsync(former, Cancellation);

        (await TryAsync("third")).Should().BeNull();
        (await Leases.RenewAsync(holder, Long, Cancellation)).Epoch.Should().Be(holder.Epoch);
    }

    [Fact]
    public async Task A_lease_that_nobody_acquired_cannot_be_renewed_and_releasing_it_does_nothing()
    {
        var invented = new Lease(Name, "nobody", Epoch: 1, DateTimeOffset.MaxValue);

        await Leases.ReleaseAsync(invented, Cancellation);
        await Assert.ThrowsAsync<LeaseLostException>(() => Leases.RenewAsync(invented, Long, Cancellation));

        (await HoldAsync("first")).Epoch.Should().BeGreaterThanOrEqualTo(1);
    }

    [Fact]
    public async Task Another_instance_sees_the_same_leases()
    {
        var lease = await HoldAsync("first process");
        await using var another = await Backend.OpenAnotherAsync();

        (await another.Leases.TryAcquireAsync(Name, "second process", Long, Cancellation)).Should().BeNull();
        await Leases.ReleaseAsync(lease, Cancellation);
        (await another.Leases.TryAcquireAsync(Name, "second process", Long, Cancellation))!
            .Epoch.Should().BeGreaterThan(lease.Epoch);
    }

    [Fact]
    public async Task Leases_of_other_names_are_not_concerned()
    {
        var lease = await HoldAsync("owner");
        var other = await Leases.TryAcquireAsync($"Lease-{TestKey}", "owner", Long, Cancellation);

        other.Should().NotBeNull();
        await Leases.ReleaseAsync(other!, Cancellation);
        (await TryAsync("another")).Should().BeNull();
        (await Leases.RenewAsync(lease, Long, Cancellation)).Epoch.Should().Be(lease.Epoch);
    }

    [Fact]
    public async Task Of_acquisitions_that_race_exactly_one_wins_each_time()
    {
        var last = 0L;
        for (var round = 0; round < 5; round++)
        {
            var leases = await Task.WhenAll(Enumerable.Range(0, 16).Select(owner => Task.Run(
                () => TryAsync(owner.ToString(CultureInfo.InvariantCulture)), Cancellation)));

            var winner = leases.Where(lease => lease is not null).Should().ContainSingle().Subject!;
            winner.Epoch.Should().BeGreaterThan(last);
            last = winner.Epoch;
            await Backend.RunOutAsync(winner);
        }
    }

    [Theory]
    [MemberData(nameof(WrongDurations))]
    public async Task A_duration_out_of_its_range_is_refused(double seconds)
    {
        var duration = TimeSpan.FromSeconds(seconds);
        var lease = await HoldAsync("holder");

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Leases.TryAcquireAsync($"other-{TestKey}", "owner", duration, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Leases.RenewAsync(lease, duration, Cancellation));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("a\u0007b")]
    public async Task A_name_or_an_owner_that_is_none_is_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(
            () => Leases.TryAcquireAsync(name, "owner", Long, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => Leases.TryAcquireAsync(Name, name, Long, Cancellation));
        (await TryAsync("owner")).Should().NotBeNull();
    }

    private async Task<Lease> HoldAsync(string owner)
    {
        var lease = await TryAsync(owner);
        lease.Should().NotBeNull();
        return lease!;
    }

    private Task<Lease?> TryAsync(string owner) => Leases.TryAcquireAsync(Name, owner, Long, Cancellation);
}
