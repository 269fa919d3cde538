using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>A feed that does not show all that is sealed yet is waited for, and is no tampering.</summary>
public sealed class SettledBoundTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bound_that_lags_behind_the_log_is_waited_for()
    {
        var (store, time) = (await VerifiedStore.CreateAsync(), new WaitlessTime());
        store.Copy.LastPosition = store.Feed[^1].Position;
        Lag(store, 37, 38, 39);

        var verification = await VerifyAsync(store, time);

        verification.Findings.Should().BeEmpty();
        (verification.Events, verification.VerifiedTo).Should().Be((40, new Position(40)));
        (time.Waits.Count, store.Copy.BoundsAsked).Should().Be((3, 4));
        time.Waits.Should().OnlyContain(wait => wait == TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task A_bound_that_stays_behind_the_log_is_no_finding_but_a_reason_to_verify_later()
    {
        var (store, time) = (await VerifiedStore.CreateAsync(), new WaitlessTime());
        store.Copy.LastPosition = store.Feed[^1].Position;
        Lag(store, [.. Enumerable.Repeat(39, 1_000)]);

        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => VerifyAsync(store, time));

        refusal.IsTransient.Should().BeTrue();
        refusal.Message.Should().Contain("position 40").And.Contain("up to 39").And.Contain("30 seconds");
        time.Waits.Aggregate((sum, wait) => sum + wait).Should().BeLessThan(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_range_below_the_bound_does_not_wait_for_the_rest_of_the_log()
    {
        var (store, time) = (await VerifiedStore.CreateAsync(), new WaitlessTime());
        store.Copy.LastPosition = store.Feed[^1].Position;
        Lag(store, 29);
        var scope = new VerificationScope { After = new Position(12), UpTo = new Position(29) };

        (await VerifyAsync(store, time, scope)).Findings.Should().BeEmpty();

        time.Waits.Should().BeEmpty();
        Lag(store, 28);
        (await VerifyAsync(store, time, scope)).Events.Should().Be(17);
        time.Waits.Should().ContainSingle();
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task A_log_that_goes_beyond_all_that_was_given_out_is_found_and_not_waited_for()
    {
        var (store, time) = (await VerifiedStore.CreateAsync(), new WaitlessTime());
        store.Feed.RemoveRange(35, 5);
        store.Copy.Rebook();
        store.Copy.LastPosition = new Position(35);

        var verification = await VerifyAsync(store, time);

        time.Waits.Should().BeEmpty();
        verification.Findings.Should().Contain(finding => finding.Kind == StoreFindingKind.TailCutOff);
    }

    private static Task<StoreVerification> VerifyAsync(
        VerifiedStore store, TimeProvider time, VerificationScope? scope = null) =>
        new StoreVerifier(VerifiedRoles.Of(store.Copy, store.Ledger), timeProvider: time).VerifyAsync(
            (scope ?? new VerificationScope()) with { KnownHead = store.Head, Keys = [store.Key] },
            cancellationToken: Cancellation);

    private static void Lag(VerifiedStore store, params int[] bounds)
    {
        foreach (var bound in bounds)
        {
            store.Copy.Bounds.Enqueue(new Position(bound));
        }
    }
}
