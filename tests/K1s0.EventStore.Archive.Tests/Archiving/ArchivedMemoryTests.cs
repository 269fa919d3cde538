using System.Runtime.InteropServices;
using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>What is read from the archive keeps no more memory than it needs.</summary>
public sealed class ArchivedMemoryTests
{
    [Fact]
    public async Task An_event_that_is_one_of_few_of_its_frame_does_not_keep_the_frame()
    {
        var time = new ManualTime(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero));
        var (objects, archive) = (new SimulatedObjectStore(time), new SimulatedArchive(time));
        for (var number = 0; number < 40; number++)
        {
            var stream = new StreamId(number % 2 == 0 ? "order" : "payment", $"{number % 4}");
            await archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", Encoding.UTF8.GetBytes($"{{\"n\":{number}}}"), new EventMetadata())],
                new DateTimeOffset(2026, 3, 1, 0, number, 0, TimeSpan.Zero));
        }

        var all = archive.Rows.ToList();
        using var archiver = new Archiver(
            new ArchiverParts(archive, archive, archive, objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero },
            time);
        await archiver.ArchiveAsync();
        using var archived = new ArchivedEvents(objects);
        var batches = archive.FindArchived(default);

        var stretch = await archived.ReadAsync(
            batches, default, new FeedFilter { StreamTypes = ["payment"] }, 1_000);
        var stream0 = await archived.ReadStreamAsync(batches[0], all[0].StreamId, 1, long.MaxValue);

        stretch.Events.Should().Equal(all.Where(envelope => envelope.StreamId.AggregateType is "payment"));
        stream0.Should().Equal(all.Where(envelope => envelope.StreamId == all[0].StreamId));
        foreach (var envelope in stretch.Events.Concat(stream0))
        {
            HasItsOwn(envelope.PayloadUtf8).Should().BeTrue();
            HasItsOwn(envelope.MetadataUtf8).Should().BeTrue();
        }
    }

    private static bool HasItsOwn(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Array!.Length == bytes.Length;
}
