using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class ExceptionTests
{
    private static readonly StreamId Order = new("order", "1");
    private static readonly Guid Id = new("01920000-0000-7000-8000-000000000001");
    private static readonly InvalidTimeZoneException Cause = new("cause");

    private static readonly EventEnvelope Stored =
        EventEnvelope.Create(Order, "placed", "{}"u8.ToArray()) with { Version = 3, Position = new Position(8) };

    private static readonly ReplayReport Report = new()
    {
        Outcome = ReplayOutcome.Stopped,
        WasDryRun = false,
        Reached = new ReplayPlace("2026/01/31/23", new Position(7)),
        IsLimitReached = false,
        HandledEvents = 7,
        UnhandledEvents = 0,
        FailedEvents = 1,
        CorruptedEvents = 0,
        Retries = 2,
        HandledByType = new Dictionary<string, long>(StringComparer.Ordinal),
        Failures = [new ReplayFailure(ReplayedEvent.Of(Stored), "rows", 3, Cause)],
        Elapsed = TimeSpan.Zero,
        ReadTime = TimeSpan.Zero,
        AllocatedBytes = 0,
        PeakHeapBytes = 0,
        Handlers = [],
        SlowestSteps = [],
    };

    // One of each; a new kind of exception has to be added here.
    private static readonly EventStoreException[] All =
    [
        new ConcurrencyException(2, 3),
        new CompressionUnavailableException(CompressionFormat.Zstd, "install it.", Cause),
        new DecompressionException(DecompressionFault.Damaged, "it is cut off.", Cause),
        new CryptographyUnavailableException("Ed25519", "install it.", Cause),
        new EventIdReusedException(Id, Cause),
        new InvalidEventException(Id, InvalidEventReason.NotJson, "its payload is not JSON.", Cause),
        new InvalidFormatException("leaf record", "it is empty.", Cause),
        new AppendOutcomeUnknownException([new StreamAppend(Order, [])], "the answer was lost", Cause),
        new CheckpointConflictException("consumer", 1, 2, new Position(3), new Position(4)),
        new ObjectDamagedException("events/1.json", "it was changed.", Cause),
        new RestoreRequiredException("events/1.json", isUnderWay: false, TimeSpan.FromHours(12), Cause),
        new EventNotSealedException(Id),
        new ClockAheadException(TimeSpan.FromHours(2), TimeSpan.FromMinutes(1)),
        new DeliveryStoppedException("an event", Cause),
        new ImportRefusedException("it is not empty.", Cause),
        new LeaseLostException("sealer", 7, Cause),
        new LogDivergedException(new TreeHead("log", 9, default), 4, "The last 5 leaves are lost."),
        new ReplayFailedException(Report, Cause),
        new SigningException("example.com/log"),
        new ArchiveMismatchException("events/1.batch.zst", "it was changed."),
        new ArchiveRefusedException(ArchiveRefusal.Busy, "an event is held.", Cause),
        new CausalCycleException([Stored]),
        new EventCorruptedException(Stored, default),
        new EventHandlingException(Stored, Cause),
        new EventNotUnderstoodException(Stored, Cause),
        new EventTypeConflictException("placed", 2, typeof(int), "the name is taken."),
        new EventsArchivedException(new Position(9)),
        new EventUnreadableException(new Position(9), DateTimeOffset.UnixEpoch, Cause),
        new ManifestConflictException(7, "it has another digest."),
        new PeerRefusedException(PeerRefusal.NoCertificate, "it showed no certificate.", Cause),
        new QueueFullException(10_000, 10_000, 1, 2),
        new FeedDivergedException(new Position(9), new Position(4)),
        new SubscriptionBehindException("balances", new Position(9), new Position(7)),
        new SnapshotTooLargeException(Order, 21, 20),
        new StreamVersionNotReachedException(Order, new StreamVersion(9), new StreamVersion(8)),
        new SubscriptionStoppedException("mailer", Stored, 5, "the handler failed.", Cause),
        new ProjectionRebuildException("balances", RebuildFailure.NotInTime, "its tables are locked.", Cause),
        new StoreDurabilityException("The server confirms what a crash can lose."),
        new StoreIdentityException(new StoreIdentity(Id, 1), new StoreIdentity(Id, 2)),
        new StoreOperationException("Appending failed.", Cause),
        new StoreSchemaException("The schema is newer.", 9, 1, Cause),
        new StoreUnavailableException("The store cannot be reached.", Cause),
        new StreamDivergedException(Order, new StreamVersion(4)),
        new TileMissingException("tile/0/000", Cause),
        new UnsupportedFormatException("leaf record", 2, 1),
        new WriteOutcomeUnknownException("the answer was lost", Cause),
    ];

    [Fact]
    [Trait("Row", "K10")]
    public void All_exceptions_of_the_library_have_one_root_and_are_sealed()
    {
        var types = typeof(EventStoreException).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Exception)) && type != typeof(EventStoreException))
            .ToArray();

        types.Should().OnlyContain(
            type => type.IsSealed && type.IsPublic && type.BaseType == typeof(EventStoreException));
        types.Should().BeEquivalentTo(All.Select(exception => exception.GetType()));
    }

    [Fact]
    [Trait("Row", "K10")]
    public void The_root_cannot_be_made_or_derived_by_others()
    {
        var constructors = typeof(EventStoreException).GetConstructors(
            System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public
            | System.Reflection.BindingFlags.NonPublic);

        typeof(EventStoreException).IsAbstract.Should().BeTrue();
        constructors.Should().OnlyContain(constructor => constructor.IsFamilyAndAssembly);
    }

    [Fact]
    [Trait("Row", "K10")]
    public void Only_what_may_succeed_unchanged_later_is_transient() =>
        All.Where(exception => exception.IsTransient).Select(exception => exception.GetType())
            .Should().BeEquivalentTo(
            [
                typeof(AppendOutcomeUnknownException),
                typeof(ArchiveRefusedException),
                typeof(ClockAheadException),
                typeof(EventNotSealedException),
                typeof(ProjectionRebuildException),
                typeof(QueueFullException),
                typeof(StoreUnavailableException),
                typeof(SubscriptionBehindException),
                typeof(WriteOutcomeUnknownException),
            ]);

    [Fact]
    public void The_cause_is_kept_as_the_inner_exception() =>
        All.Where(exception => exception.InnerException is not null)
            .Should().HaveCount(25).And.OnlyContain(exception => exception.InnerException == Cause);

    [Theory]
    [InlineData(typeof(ConcurrencyException), "Concurrency conflict: expected 2, got 3")]
    [InlineData(typeof(EventIdReusedException), "already stored with other content")]
    [InlineData(typeof(InvalidEventException), "is refused: its payload is not JSON.")]
    [InlineData(typeof(CryptographyUnavailableException), "Ed25519 is not available: install it.")]
    [InlineData(typeof(CompressionUnavailableException), "Zstd is not available: install it.")]
    [InlineData(typeof(DecompressionException), "This cannot be decompressed: it is cut off.")]
    [InlineData(typeof(ObjectDamagedException), "Object events/1.json is damaged: it was changed.")]
    [InlineData(typeof(RestoreRequiredException), "has to be restored before it can be read, which takes up to 12 hours.")]
    [InlineData(typeof(SigningException), "The signer of key example.com/log gave a signature that")]
    [InlineData(typeof(EventNotSealedException), "is stored, but not under a signed head of the log yet")]
    [InlineData(typeof(ClockAheadException), "a time that is 02:00:00 ahead of the clock, and 00:01:00 is allowed")]
    [InlineData(typeof(DeliveryStoppedException), "failed over an event, which is durable, and is told of nothing since")]
    [InlineData(typeof(LogDivergedException), "signed with 9 leaves; the store has 4. The last 5 leaves are lost.")]
    [InlineData(typeof(LeaseLostException), "The lease sealer with epoch 7 is lost")]
    [InlineData(typeof(InvalidFormatException), "This is no leaf record: it is empty.")]
    [InlineData(typeof(TileMissingException), "The log has no tile/0/000.")]
    [InlineData(typeof(UnsupportedFormatException), "is of version 2; this program knows versions up to 1.")]
    [InlineData(typeof(AppendOutcomeUnknownException), "Append the same envelopes again")]
    [InlineData(typeof(CheckpointConflictException), "owner epoch 2 instead of 1, position 4 instead of 3")]
    [InlineData(typeof(EventHandlingException), "The handler failed for order-1@3")]
    [InlineData(typeof(EventNotUnderstoodException), "The payload of order-1@3 placed")]
    [InlineData(typeof(CausalCycleException), "1 events cause each other in a circle: order-1@3")]
    [InlineData(typeof(EventCorruptedException), "at position 8 is corrupted: its bytes have the digest 0000")]
    [InlineData(typeof(ReplayFailedException), "failed at order-1@3 placed (0001/01/01/00@8): cause After 7 events;")]
    [InlineData(typeof(ReplayFailedException), "; go on behind 2026/01/31/23@7.")]
    [InlineData(typeof(EventTypeConflictException), "Event type placed, schema version 2: the name is taken.")]
    [InlineData(typeof(FeedDivergedException), "Position 9 was read, but the feed ends at 4")]
    [InlineData(typeof(SubscriptionBehindException), "balances stands at 7 and did not come to 9 in time.")]
    [InlineData(typeof(SnapshotTooLargeException), "The state of order-1 has 21 bytes; a snapshot has 20 at most.")]
    [InlineData(typeof(StreamVersionNotReachedException), "is at version 8; version 9 was asked for")]
    [InlineData(typeof(SubscriptionStoppedException), "Subscription mailer stopped at order-1@3")]
    [InlineData(typeof(ProjectionRebuildException), "Projection balances was not rebuilt: its tables are locked.")]
    [InlineData(typeof(StoreDurabilityException), "The server confirms what a crash can lose.")]
    [InlineData(typeof(StoreIdentityException), "belongs to store 01920000-0000-7000-8000-000000000001/2")]
    [InlineData(typeof(StoreOperationException), "Appending failed.")]
    [InlineData(typeof(StoreSchemaException), "The schema is newer.")]
    [InlineData(typeof(StoreUnavailableException), "The store cannot be reached.")]
    [InlineData(typeof(StreamDivergedException), "Stream order-1 at version 4 has another history")]
    [InlineData(typeof(WriteOutcomeUnknownException), "unknown (the answer was lost). Repeat the same call")]
    public void Its_message_says_what_happened(Type type, string part) =>
        All.Single(exception => exception.GetType() == type).Message.Should().Contain(part);

    [Fact]
    [Trait("Row", "K02")]
    public void A_conflict_carries_expected_and_actual_version_and_the_stream_when_it_is_known()
    {
        var plain = new ConcurrencyException(expectedVersion: 2, actualVersion: 3);
        var exact = new ConcurrencyException(Order, ExpectedVersion.From(5), new StreamVersion(7));
        var exists = new ConcurrencyException(Order, ExpectedVersion.StreamExists, StreamVersion.None);

        (plain.StreamId, plain.ExpectedVersion, plain.ActualVersion).Should().Be((null, 2, 3));
        (exact.StreamId, exact.ExpectedVersion, exact.ActualVersion).Should().Be((Order, 5, 7));
        exact.Message.Should().Be("Concurrency conflict: expected 5, got 7 (stream order-1)");
        (exists.ExpectedVersion, exists.ActualVersion).Should().Be((1, 0));
        exists.Message.Should().Be("Concurrency conflict: expected stream exists, got 0 (stream order-1)");
    }

    [Fact]
    public void The_properties_carry_what_the_constructor_was_given()
    {
        StreamAppend[] appends = [new(Order, [])];
        var schema = new StoreSchemaException("message", found: 9, supported: 1);
        var checkpoint = new CheckpointConflictException("consumer", 1, 2, new Position(3), new Position(4));
        var diverged = new StreamDivergedException(Order, new StreamVersion(4));

        new AppendOutcomeUnknownException(appends, "reason").Appends.Should().BeSameAs(appends);
        (schema.FoundVersion, schema.SupportedVersion).Should().Be((9, 1));
        (checkpoint.Consumer, checkpoint.ExpectedEpoch, checkpoint.ActualEpoch).Should().Be(("consumer", 1, 2));
        (checkpoint.ExpectedPosition.Value, checkpoint.ActualPosition.Value).Should().Be((3, 4));
        (diverged.StreamId, diverged.Version.Value).Should().Be((Order, 4));
        new EventIdReusedException(Id).EventId.Should().Be(Id);
        new CryptographyUnavailableException("Ed25519", "detail").Algorithm.Should().Be("Ed25519");
        (new LeaseLostException("name", 7).LeaseName, new LeaseLostException("name", 7).Epoch).Should().Be(("name", 7));
        var log = new LogDivergedException(new TreeHead("log", 9, default), 4, "detail");
        (log.Known.Size, log.StoredSize, log.LostLeaves).Should().Be((9, 4, 5));
        new LogDivergedException(new TreeHead("log", 9, default), 10, "detail").LostLeaves.Should().Be(0);
        new EventNotSealedException(Id).EventId.Should().Be(Id);
        var compression = new CompressionUnavailableException(CompressionFormat.Brotli, "detail");
        (compression.Format, compression.Detail).Should().Be((CompressionFormat.Brotli, "detail"));
        new DecompressionException(DecompressionFault.TooLarge, "detail").Fault.Should().Be(DecompressionFault.TooLarge);
        var damaged = new ObjectDamagedException("key", "detail");
        (damaged.Key, damaged.Detail).Should().Be(("key", "detail"));
        var cold = new RestoreRequiredException("key", isUnderWay: true, estimate: null);
        (cold.Key, cold.IsUnderWay, cold.Estimate).Should().Be(("key", true, null));
        cold.Keys.Should().Equal("key");
        cold.Message.Should().Be("Object key is being restored, which takes an unknown time from the request on.");
        cold = new RestoreRequiredException(["a", "b"], isUnderWay: false, TimeSpan.FromHours(12), "Ask for it.", Cause);
        (cold.Key, cold.InnerException).Should().Be(("a", Cause));
        cold.Keys.Should().Equal("a", "b");
        cold.Message.Should().Be(
            "2 objects, a the first, have to be restored before they can be read, which takes up to 12 hours. "
            + "Ask for it.");
        new RestoreRequiredException(["a", "b", "c"], isUnderWay: true, estimate: null, "Wait.").Message.Should().Be(
            "3 objects, a the first, are being restored, which takes an unknown time from the request on. Wait.");
        new SigningException("name").KeyName.Should().Be("name");
        var stopped = new SubscriptionStoppedException("mailer", Stored, 5, "reason", Cause);
        (stopped.Subscription, stopped.StreamId, stopped.Position.Value, stopped.Attempts)
            .Should().Be(("mailer", Order, 8, 5));
        var corrupted = new EventCorruptedException(Stored, default);
        (corrupted.StreamId, corrupted.Version.Value, corrupted.Position.Value).Should().Be((Order, 3, 8));
        new CausalCycleException([Stored]).Cycle.Should().Equal(Stored);
        new ReplayFailedException(Report, Cause).Report.Should().BeSameAs(Report);
        new ReplayFailedException(Report with { Outcome = ReplayOutcome.RolledBack }, Cause).Message
            .Should().EndWith("the target is as it was.");
        new ReplayFailedException(Report with { Outcome = ReplayOutcome.Unknown }, Cause).Message
            .Should().EndWith("what the target holds is not known.");
        new FeedDivergedException(new Position(4), new Position(9)).Message.Should().Contain("another history");
    }
}
