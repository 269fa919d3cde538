using System.Text;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.S3.Tests;

/// <summary>
/// Bytes that are not those that were put, while the server still has the checksums of those: it is damage, whoever
/// notices it first.
/// </summary>
[Trait("Row", "I29")]
[Trait("Row", "I33")]
[Collection(nameof(AloneInTheProcess))]
public sealed class S3DamageTests(RadosGatewayFixture fixture)
{
    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);
    private bool _damagesNext;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 100_000)]
    [InlineData(50_000, 100_000)]
    [InlineData(99_999, 100_000)]
    public async Task A_flipped_bit_is_damage_and_not_a_refusal_of_the_server(int at, int length)
    {
        using var client = new ChangedAnswers(async (request, send) => IsWholeGet(request)
            ? await ChangedAnswers.WithBodyAsync(await send(), content => Flip(content, at))
            : await send()).MakeClient(fixture);
        var store = new S3ObjectStore(client, await OptionsAsync());
        var key = new ObjectKey("a/b.json");
        await store.PutIfAbsentAsync(key, new byte[length], cancellationToken: Cancellation);

        (await FluentActions.Awaiting(() => store.GetAsync(key, length, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>()).Which.Key.Should().Be(key.Value);
        await FluentActions.Awaiting(
            () => store.SetStorageClassAsync(key, StorageClass.InfrequentAccess, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>();

        (await store.HeadAsync(key, Cancellation))!.Attributes.StorageClass.Should().Be(StorageClass.Standard);
    }

    [Fact]
    public async Task A_body_that_is_shorter_is_damage_and_one_that_breaks_off_may_be_whole_the_next_time()
    {
        var breaksOff = false;
        using var client = new ChangedAnswers(async (request, send) =>
        {
            if (!IsWholeGet(request))
            {
                return await send();
            }

            var response = await ChangedAnswers.WithBodyAsync(await send(), content => content[..^1]);
            response.Content.Headers.ContentLength = breaksOff ? 1_000 : 999;
            return response;
        }).MakeClient(fixture);
        var store = new S3ObjectStore(client, await OptionsAsync());
        var key = new ObjectKey("a/b.json");
        await store.PutIfAbsentAsync(key, new byte[1_000], cancellationToken: Cancellation);

        await FluentActions.Awaiting(() => store.GetAsync(key, 1_000, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>();
        breaksOff = true;
        await FluentActions.Awaiting(() => store.GetAsync(key, 1_000, Cancellation))
            .Should().ThrowAsync<StoreUnavailableException>();
    }

    [Fact]
    public async Task What_claims_to_be_longer_than_it_can_be_reserves_no_memory()
    {
        const int Claimed = 2_000_000_000;
        using var client = new ChangedAnswers(async (request, send) =>
        {
            var response = await send();
            if (IsWholeGet(request))
            {
                response.Content.Headers.ContentLength = Claimed;
            }

            return response;
        }).MakeClient(fixture);
        var store = new S3ObjectStore(client, await OptionsAsync());
        var key = new ObjectKey("a/b.json");
        await store.PutIfAbsentAsync(key, new byte[1_000], cancellationToken: Cancellation);
        var before = GC.GetTotalAllocatedBytes();

        (await FluentActions.Awaiting(() => store.GetAsync(key, 1_000, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>()).Which.Detail.Should().Contain("at most 1000");

        (GC.GetTotalAllocatedBytes() - before).Should().BeLessThan(Claimed / 2);
    }

    [Fact]
    public async Task An_archiver_and_a_verifier_name_what_was_damaged_and_the_archiver_makes_it_anew()
    {
        using var client = new ChangedAnswers(async (request, send) =>
        {
            var response = await send();
            if (!IsWholeGet(request) || !request.RequestUri!.AbsolutePath.Contains("/events/", StringComparison.Ordinal)
                || !(_damagesNext || _damaged.Any(key => request.RequestUri.AbsolutePath.EndsWith(key, StringComparison.Ordinal))))
            {
                return response;
            }

            _damagesNext = false;
            return await ChangedAnswers.WithBodyAsync(response, content => Flip(content, content.Length / 2));
        }).MakeClient(fixture);
        var objects = new S3ObjectStore(client, await OptionsAsync());
        var time = new ManualTime(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero));
        var archive = new SimulatedArchive(time);
        var stream = new StreamId("order", "a");
        for (var number = 0; number < 30; number++)
        {
            await archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", Encoding.UTF8.GetBytes($"{{\"n\":{number}}}"), new EventMetadata())],
                new DateTimeOffset(2026, 3, 1, 0, number, 0, TimeSpan.Zero));
        }

        // A batch that cannot be read back is not believed, and made again.
        _damagesNext = true;
        var first = await RunAsync(objects, archive, time, prune: false);
        (first.FailedAttempts, first.Obstacle, archive.Batches.Count).Should().Be((1, null, 3));

        // One that was damaged since is found before its month leaves.
        var damaged = archive.Batches[1].Stored!.Key;
        _damaged.Add(damaged);
        var second = await RunAsync(objects, archive, time, prune: true);
        (second.Replaced, second.Obstacle, archive.Rows.Count).Should().Be((1, null, 0));

        // And afterwards by whoever has the bucket alone.
        var (gone, still) = (archive.Batches[2].Stored!.Key, archive.Batches[1].Stored!.Key);
        still.Should().NotBe(damaged);
        _damaged.Add(gone);
        var found = await new ArchiveVerifier(objects).VerifyAsync(Cancellation);
        found.Findings.Should().Contain(finding =>
            finding.Kind == ArchiveFindingKind.Damaged && finding.Key == gone);
        found.IsWhole.Should().BeFalse();
        _damaged.Remove(gone);
        (await new ArchiveVerifier(objects).VerifyAsync(Cancellation)).IsWhole.Should().BeTrue();
    }

    private static async Task<ArchiveReport> RunAsync(
        IObjectStore objects, SimulatedArchive archive, TimeProvider time, bool prune)
    {
        using var archiver = new Archiver(
            new ArchiverParts(archive, archive, archive, objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero, MaxEventsPerBatch = 12, Prune = prune },
            time);
        return await archiver.ArchiveAsync(cancellationToken: Cancellation);
    }

    private static bool IsWholeGet(HttpRequestMessage request) =>
        request.Method == HttpMethod.Get && request.Headers.Range is null
        && !request.RequestUri!.Query.Contains("list-type", StringComparison.Ordinal);

    private static byte[] Flip(byte[] content, int at)
    {
        content[at] ^= 0x10;
        return content;
    }

    private async Task<S3Options> OptionsAsync() => new()
    {
        Bucket = await fixture.MakeBucketAsync(),
        ConditionalCopies = false,
        CheckServer = false,
    };
}
