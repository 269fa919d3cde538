using System.Text;
using System.Text.Json.Nodes;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class ArchiveRestoresTests
{
    private static readonly DateTimeOffset From = ManifestSamples.Time;
    private static readonly DateTimeOffset Before = ManifestSamples.Time.AddSeconds(5);

    private readonly ManualTime _time = new(ManifestSamples.Time);
    private readonly SimulatedObjectStore _objects;

    public ArchiveRestoresTests() => _objects = new SimulatedObjectStore(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("nonsense")]
    [InlineData("{\"keys\":null}", "keys")]
    [InlineData("{\"keys\":[null]}", "keys")]
    [InlineData("{\"keys\":[\"../a\"]}", "keys")]
    [InlineData("{\"keys\":[\"\"]}", "keys")]
    [InlineData("{\"days\":0}", "days")]
    [InlineData("{\"days\":366}", "days")]
    [InlineData("{\"priority\":9}", "priority")]
    [InlineData("{\"id\":\"01980000-0000-7000-8000-000000000009\"}", "id")]
    [InlineData("{\"before\":\"2000-01-01T00:00:00+00:00\"}", "before")]
    public async Task A_ticket_that_is_none_is_damage(string text, string? instead = null)
    {
        await ColdAsync(StorageClass.FlexibleArchive);
        var restores = new ArchiveRestores(_objects, timeProvider: _time);
        var ticket = await restores.RequestAsync(From, Before, new RestoreRequest(), Cancellation);
        var key = new ObjectKey($"restores/{ticket.Id:D}.json");
        var content = (await _objects.GetAsync(key, Cancellation))!.Content;
        await _objects.DeleteAsync(key, Cancellation);
        if (instead is not null)
        {
            // One member is another one, all others are those of a ticket.
            var whole = JsonNode.Parse(content.Span)!.AsObject();
            whole[instead] = JsonNode.Parse(text)![instead]?.DeepClone();
            text = whole.ToJsonString();
        }

        await _objects.PutIfAbsentAsync(key, Encoding.UTF8.GetBytes(text), cancellationToken: Cancellation);

        (await FluentActions.Awaiting(() => restores.FindAsync(ticket.Id, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>()).Which.Key.Should().Be(key.Value);
    }

    [Fact]
    [Trait("Row", "L17")]
    public async Task A_cold_batch_is_asked_for_waited_for_and_read()
    {
        var archive = await ColdAsync(StorageClass.FlexibleArchive);
        var batch = archive.Listing.Batches[0];
        var refused = await Assert.ThrowsAsync<RestoreRequiredException>(
            () => EventBatchReader.OpenAsync(_objects, batch.Key, cancellationToken: Cancellation));
        (refused.Key, refused.IsUnderWay, refused.Estimate).Should().Be((batch.Key.Value, false, TimeSpan.FromHours(5)));
        var restores = new ArchiveRestores(_objects, timeProvider: _time);
        var request = new RestoreRequest(RestorePriority.Expedited, days: 2);

        var ticket = await restores.RequestAsync(From, Before, request, Cancellation);

        ticket.Estimate.Should().Be(TimeSpan.FromMinutes(5));
        ticket.Keys.Should().HaveCount(5, "250 events of 20 ms each, in batches of 50");
        var found = (await restores.FindAsync(ticket.Id, Cancellation))!;
        found.Should().BeEquivalentTo(ticket);
        (await restores.GetStatusAsync(found, Cancellation)).Should().BeEquivalentTo(new
        {
            State = RestoreTicketState.UnderWay,
            Readable = 0,
            UnderWay = 5,
            Required = 0,
            ExpectedBy = ticket.RequestedAt.AddMinutes(5),
        });
        (await Assert.ThrowsAsync<RestoreRequiredException>(
            () => EventBatchReader.OpenAsync(_objects, batch.Key, cancellationToken: Cancellation)))
            .IsUnderWay.Should().BeTrue();

        _time.Advance(TimeSpan.FromMinutes(5));
        var ready = await restores.GetStatusAsync(ticket, Cancellation);
        (ready.State, ready.ExpectedBy, ready.ReadableUntil)
            .Should().Be((RestoreTicketState.Ready, null, _time.GetUtcNow().AddDays(2)));
        var reader = (await EventBatchReader.OpenAsync(_objects, batch.Key, cancellationToken: Cancellation))!;
        (await reader.ReadAsync(cancellationToken: Cancellation).ToListAsync(Cancellation))
            .Should().Equal(archive.Events.Take(50));

        _time.Advance(TimeSpan.FromDays(2));
        (await restores.GetStatusAsync(ticket, Cancellation)).State.Should().Be(RestoreTicketState.RequestNeeded);
        await restores.RepeatAsync(ticket, Cancellation);
        (await restores.GetStatusAsync(ticket, Cancellation)).State.Should().Be(RestoreTicketState.UnderWay);
    }

    [Fact]
    public async Task A_preview_says_what_it_takes_and_asks_for_nothing()
    {
        await ColdAsync(StorageClass.DeepArchive);
        var restores = new ArchiveRestores(_objects, timeProvider: _time);

        var preview = await restores.PreviewAsync(From, Before, new RestoreRequest(RestorePriority.Bulk), Cancellation);

        (preview.Batches, preview.ToRestore, preview.Estimate).Should().Be((5, 5, TimeSpan.FromHours(48)));
        var perBatch = (0.0004m + 0.025m) / 1_000;
        preview.Cost.Should().BeApproximately((5 * perBatch) + (preview.Bytes * 0.0025m / (1L << 30)), 1e-12m);
        _objects.Calls.Should().NotContain(call => call.Method == "RestoreAsync");
    }

    [Fact]
    public async Task A_priority_that_a_class_does_not_have_is_refused_before_anything_is_asked_for()
    {
        await ColdAsync(StorageClass.DeepArchive);

        await Assert.ThrowsAsync<ArgumentException>(() => new ArchiveRestores(_objects, timeProvider: _time)
            .RequestAsync(From, Before, new RestoreRequest(RestorePriority.Expedited), Cancellation));

        _objects.Calls.Should().NotContain(call => call.Method == "RestoreAsync");
    }

    [Fact]
    public async Task A_ticket_that_was_cut_off_in_the_middle_goes_on()
    {
        var fails = true;
        var objects = new SimulatedObjectStore(_time, call => fails
            && call.Method is nameof(IObjectStore.RestoreAsync) ? ObjectFault.LostRequest : ObjectFault.None);
        await ColdAsync(StorageClass.FlexibleArchive, objects);
        var restores = new ArchiveRestores(objects, timeProvider: _time);
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => restores.RequestAsync(From, Before, new RestoreRequest(), Cancellation));
        fails = false;
        var key = (await objects.ListAsync("restores/", cancellationToken: Cancellation).ToListAsync(Cancellation))[0].Key;
        var ticket = (await restores.FindAsync(Guid.Parse(key.Value["restores/".Length..^".json".Length]), Cancellation))!;
        (await restores.GetStatusAsync(ticket, Cancellation)).State.Should().Be(RestoreTicketState.RequestNeeded);

        await restores.RepeatAsync(ticket, Cancellation);

        (await restores.GetStatusAsync(ticket, Cancellation)).UnderWay.Should().Be(5);
        (await restores.FindAsync(Guid.NewGuid(), Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Batches_are_asked_for_by_their_keys_whether_they_are_listed_or_not()
    {
        var archive = await ColdAsync(StorageClass.FlexibleArchive);
        var unlisted = await TestArchive.PutAsync(
            _objects, [.. archive.Events.Take(60)], default, "another");
        await _objects.SetStorageClassAsync(unlisted.Key, StorageClass.DeepArchive, Cancellation);
        var restores = new ArchiveRestores(_objects, timeProvider: _time);
        string[] keys = [archive.Listing.Batches[3].Key.Value, unlisted.Key.Value];

        var ticket = await restores.RequestAsync(keys, new RestoreRequest(), Cancellation);

        ticket.Keys.Should().Equal(keys);
        (ticket.From, ticket.Before, ticket.Estimate).Should().Be((
            archive.Events[0].RecordedAt,
            archive.Listing.Batches[3].Latest.AddMicroseconds(1),
            TimeSpan.FromHours(12)));
        (await restores.FindAsync(ticket.Id, Cancellation)).Should().BeEquivalentTo(ticket);
        (await restores.GetStatusAsync(ticket, Cancellation)).UnderWay.Should().Be(2);
        _objects.Calls.Count(call => call.Method is nameof(IObjectStore.RestoreAsync)).Should().Be(2);
    }

    [Fact]
    public async Task What_is_no_batch_or_not_there_is_not_asked_for()
    {
        var archive = await ColdAsync(StorageClass.FlexibleArchive);
        var cold = archive.Listing.Batches[0].Key.Value;
        var restores = new ArchiveRestores(_objects, timeProvider: _time);
        var manifest = (await _objects.ListAsync("manifests/", cancellationToken: Cancellation)
            .ToListAsync(Cancellation))[0].Key.Value;

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => restores.RequestAsync([], new RestoreRequest(), Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(
            () => restores.RequestAsync([cold, manifest], new RestoreRequest(), Cancellation));
        (await Assert.ThrowsAsync<ObjectDamagedException>(
            () => restores.RequestAsync([cold, "events/none"], new RestoreRequest(), Cancellation)))
            .Key.Should().Be("events/none");

        _objects.Calls.Should().NotContain(call => call.Method == nameof(IObjectStore.RestoreAsync));
        (await _objects.ListAsync("restores/", cancellationToken: Cancellation).ToListAsync(Cancellation))
            .Should().BeEmpty();
    }

    [Fact]
    public async Task What_is_readable_is_ready_at_once()
    {
        await TestArchive.CreateAsync(_objects, await Corpus.Create().OrdersAsync(300));
        var restores = new ArchiveRestores(_objects, timeProvider: _time);

        var ticket = await restores.RequestAsync(From, Before, new RestoreRequest(), Cancellation);

        (await restores.GetStatusAsync(ticket, Cancellation)).Should().BeEquivalentTo(
            new { State = RestoreTicketState.Ready, Readable = 5, ReadableUntil = (DateTimeOffset?)null });
    }

    private async Task<TestArchive> ColdAsync(StorageClass storageClass, SimulatedObjectStore? objects = null)
    {
        objects ??= _objects;
        var archive = await TestArchive.CreateAsync(objects, await Corpus.Create().OrdersAsync(500));
        foreach (var batch in archive.Listing.Batches)
        {
            await objects.SetStorageClassAsync(batch.Key, storageClass, Cancellation);
        }

        return archive;
    }
}
