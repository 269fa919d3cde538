using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class SimulatedObjectStoreTests : ReplaceableObjectStoreSuite
{
    private static readonly ObjectKey Key = new("a.json");

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 7, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(ObjectFault.LostRequest, typeof(WriteOutcomeUnknownException), false)]
    [InlineData(ObjectFault.LostAnswer, typeof(WriteOutcomeUnknownException), true)]
    [InlineData(ObjectFault.Refused, typeof(StoreOperationException), false)]
    [InlineData(ObjectFault.CrashBefore, typeof(SimulatedCrashException), false)]
    [InlineData(ObjectFault.CrashAfter, typeof(SimulatedCrashException), true)]
    [InlineData(ObjectFault.Conflict, typeof(WriteOutcomeUnknownException), true)]
    public async Task A_put_fails_as_planned_and_has_its_effect_or_not(ObjectFault fault, Type exception, bool stored)
    {
        var store = new SimulatedObjectStore(_time, call => call.Number == 1 ? fault : ObjectFault.None);

        var failure = await Record.ExceptionAsync(
            () => store.PutIfAbsentAsync(Key, "1"u8.ToArray(), cancellationToken: Cancellation));

        failure.Should().BeOfType(exception);
        (await store.HeadAsync(Key, Cancellation) is not null).Should().Be(stored);
        (await store.PutIfAbsentAsync(Key, "1"u8.ToArray(), cancellationToken: Cancellation))
            .Should().Be(stored ? PutOutcome.AlreadyStored : PutOutcome.Stored);
    }

    [Fact]
    public async Task Wrong_bytes_are_noticed_in_a_whole_read_and_not_in_a_range()
    {
        var store = new SimulatedObjectStore(
            _time, call => call.Number > 1 ? ObjectFault.WrongBytes : ObjectFault.None);
        await store.PutIfAbsentAsync(Key, "12345"u8.ToArray(), cancellationToken: Cancellation);

        await FluentActions.Awaiting(() => store.GetAsync(Key, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>();
        (await store.GetRangeAsync(Key, ObjectRange.At(0, 5), Cancellation))!.Content.ToArray()
            .Should().NotEqual("12345"u8.ToArray());
        store.Calls.Select(call => call.BytesRead).Should().Equal(0, 5, 5);
    }

    [Fact]
    public async Task A_cold_object_is_asked_for_waits_and_is_read_for_a_time()
    {
        await Store.PutIfAbsentAsync(
            Key, "1"u8.ToArray(), new ObjectAttributes(storageClass: StorageClass.DeepArchive), Cancellation);

        var needed = await Assert.ThrowsAsync<RestoreRequiredException>(() => Store.GetAsync(Key, Cancellation));
        (needed.Key, needed.IsUnderWay, needed.Estimate).Should().Be((Key.Value, false, TimeSpan.FromHours(12)));
        var asked = await Store.RestoreAsync(Key, new RestoreRequest(RestorePriority.Bulk, days: 2), Cancellation);
        asked!.Value.State.Should().Be(RestorationState.UnderWay);
        (await Assert.ThrowsAsync<RestoreRequiredException>(
            () => Store.GetRangeAsync(Key, ObjectRange.At(0, 1), Cancellation))).IsUnderWay.Should().BeTrue();

        _time.Advance(TimeSpan.FromHours(48));
        (await Store.GetAsync(Key, Cancellation))!.Info.Restoration.State.Should().Be(RestorationState.Restored);
        (await Store.HeadAsync(Key, Cancellation))!.Attributes.StorageClass
            .Should().Be(StorageClass.DeepArchive, "a restore is a copy");

        _time.Advance(TimeSpan.FromDays(2));
        await Assert.ThrowsAsync<RestoreRequiredException>(() => Store.GetAsync(Key, Cancellation));
    }

    protected override Task<IObjectStore> CreateAsync() =>
        Task.FromResult<IObjectStore>(new SimulatedObjectStore(_time));

    protected override Task DamageAsync(ObjectKey key)
    {
        ((SimulatedObjectStore)Store).Damage(key, content =>
        {
            content[content.Length / 2] ^= 1;
            return content;
        });
        return Task.CompletedTask;
    }
}
