using System.Buffers;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class EntryBundleTests
{
    [Fact]
    public void Entries_come_back_in_order_and_byte_for_byte()
    {
        byte[][] entries = [[], [1], new byte[129], new byte[EntryBundle.MaxEntryLength]];

        var bundle = Bundle(entries);

        bundle.Length.Should().Be((2 * 4) + 1 + 129 + 65_535);
        EntryBundle.Read(bundle).Select(entry => entry.ToArray()).Should().BeEquivalentTo(
            entries, options => options.WithStrictOrdering());
        EntryBundle.Read(default).Should().BeEmpty();
    }

    [Fact]
    public void An_entry_that_is_too_long_is_refused_and_nothing_is_written()
    {
        var bundle = new ArrayBufferWriter<byte>();

        Assert.Throws<ArgumentException>(() => EntryBundle.Append(bundle, new byte[EntryBundle.MaxEntryLength + 1]));

        bundle.WrittenCount.Should().Be(0);
    }

    [Fact]
    public void A_cut_bundle_and_one_of_more_than_256_entries_are_refused()
    {
        var bundle = Bundle([[1, 2], [3]]);

        for (var length = 1; length < bundle.Length; length++)
        {
            if (length == 4)
            {
                continue;
            }

            Assert.Throws<InvalidFormatException>(() => EntryBundle.Read(bundle.AsMemory(0, length)));
        }

        EntryBundle.Read(Bundle([.. Enumerable.Repeat(new byte[1], 256)])).Should().HaveCount(256);
        Assert.Throws<InvalidFormatException>(
            () => EntryBundle.Read(Bundle([.. Enumerable.Repeat(new byte[1], 257)])));
    }

    [Fact]
    public void Any_bytes_are_entries_or_refused()
    {
        var random = SeededRandom.Create();
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            for (var i = 0; i < bytes.Length; i += random.Next(1, 4))
            {
                bytes[i] = 0;
            }

            try
            {
                EntryBundle.Read(bytes).Sum(entry => entry.Length + 2).Should().Be(bytes.Length);
            }
            catch (InvalidFormatException e)
            {
                e.Format.Should().Be("entry bundle");
            }
        }
    }

    private static byte[] Bundle(byte[][] entries)
    {
        var bundle = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            EntryBundle.Append(bundle, entry);
        }

        return bundle.WrittenSpan.ToArray();
    }
}
