using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>A tile that is gone or cut is a log that was not continued, wherever it is needed.</summary>
public sealed class LostTilesTests : IDisposable
{
    private const string Origin = "example.com/tiles";

    private readonly InMemoryEventStore _store = new();
    private readonly InMemoryLeaseStore _leases = new();
    private readonly PemTreeHeadSigner _signer = Signers.Ed25519(Origin, 3);
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("k1s0-tiles-");
    private readonly SteeredLedger _ledger;
    private readonly LedgerOptions _options;

    public LostTilesTests()
    {
        _ledger = new SteeredLedger(new InMemoryLedgerStore(_store, _leases));
        _options = new LedgerOptions
        {
            Origin = Origin,
            Signers = { _signer },
            PublishTo = new DirectoryPublishedLog(_directory.FullName),
        };
    }

    public static TheoryData<bool> Ways => [false, true];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _signer.Dispose();
        _directory.Delete(recursive: true);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_sealer_that_begins_and_one_that_signs_say_that_the_log_was_lost(bool isGone)
    {
        var sealer = new LogSealer(_ledger, _leases, _options);
        await GrowAsync(sealer);
        await AppendAsync();
        await sealer.SealAsync(Cancellation);
        Lose(isGone);

        await DivergedAsync(() => sealer.SignAsync(Cancellation));
        await sealer.ReleaseAsync(Cancellation);
        await DivergedAsync(() => new LogSealer(_ledger, _leases, _options).SealAsync(Cancellation));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_publisher_says_that_the_log_was_lost(bool isGone)
    {
        var sealer = new LogSealer(_ledger, _leases, _options);
        var publisher = new LogPublisher(_ledger, _options);
        await GrowAsync(sealer);
        await publisher.PublishAsync(Cancellation);
        await GrowAsync(sealer);
        Lose(isGone);

        await DivergedAsync(() => publisher.PublishAsync(Cancellation));
        (await publisher.ReadHeadAsync(Cancellation))!.Size.Should().Be(3);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_event_is_not_proved_from_a_log_that_was_lost(bool isGone)
    {
        await GrowAsync(new LogSealer(_ledger, _leases, _options));
        var proved = (await _store.ReadFeedPageAsync(Position.Start, cancellationToken: Cancellation)).Events[0];
        Lose(isGone);

        await DivergedAsync(() => new LedgerProofs(_ledger).ProveEventAsync(proved.Id, Cancellation));
    }

    private static async Task DivergedAsync(Func<Task> step)
    {
        var refusal = await Assert.ThrowsAsync<LogDivergedException>(step);
        refusal.Message.Should().Contain("lost or cut");
        refusal.InnerException.Should().Match(inner => inner is TileMissingException || inner is InvalidFormatException);
    }

    private async Task GrowAsync(LogSealer sealer)
    {
        await AppendAsync();
        await sealer.SealAsync(Cancellation);
        await sealer.SignAsync(Cancellation);
    }

    private async Task AppendAsync()
    {
        var stream = new StreamId("order", Guid.CreateVersion7().ToString());
        await _store.AppendAsync(
            stream,
            Enumerable.Range(0, 3).Select(_ => EventEnvelope.Create(stream, "ItemAdded", "{}"u8.ToArray())),
            0,
            Cancellation);
    }

    private void Lose(bool isGone) => _ledger.Tile = (tile, bytes) =>
        isGone ? throw new TileMissingException(tile.Path) : bytes[..Sha256Digest.Length];
}
