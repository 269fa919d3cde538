using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A peer that asks for repairs in ways that nobody needs: a typed end, and bounded work.</summary>
public sealed class RepairHostileTests
{
    private static readonly Origin Log = Some.Origin(1);

    private readonly Random _random = SeededRandom.Create();

    [Fact]
    public void Questions_that_are_cut_or_changed_are_refused_or_read_and_nothing_else()
    {
        foreach (var whole in new[] { Compare(new LogPart(Log, 1, 4_096)), Fetch([500, 400, 3]) })
        {
            for (var length = 0; length < whole.Length; length++)
            {
                // What is cut inside of the request of a comparison is found where that is read.
                Read(whole.AsSpan(0, length)).Should().Be(whole[0] == FrameType.Compare && length > 20, $"{length} bytes");
            }

            Mutations.CountRefused(200_000, _random, mutator => !Read(mutator.ChangeBehindFirst(whole, mostChanges: 1).Span))
                .Should().BePositive();
        }
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(7, 6)]
    [InlineData(1, 4_097)]
    [InlineData(1, long.MaxValue)]
    [InlineData(long.MaxValue - 50, long.MaxValue)]
    [InlineData(long.MaxValue - 4_100, long.MaxValue - 4_095)]
    public void A_part_of_a_log_that_nobody_needs_is_refused(long first, long last) =>
        Read(Compare(new LogPart(Log, first, last))).Should().BeFalse();

    [Fact]
    public void More_or_other_sequences_than_anybody_needs_are_refused()
    {
        Read(Fetch([.. Enumerable.Range(1, 256).Select(at => (long)at).Reverse()])).Should().BeTrue();
        Read(Fetch([.. Enumerable.Range(1, 257).Select(at => (long)at).Reverse()])).Should().BeFalse();
        Read(Fetch([3, 3])).Should().BeFalse();
        Read(Fetch([3, 4])).Should().BeFalse();
        Read(Fetch([0])).Should().BeFalse();
    }

    [Fact]
    public void A_second_question_before_the_answer_ends_the_session()
    {
        using var outbox = new Outbox();
        var answerer = new RepairAnswerer(outbox, CompressionCodecs.Brotli());
        Take(answerer, Fetch([1]));
        Take(answerer, Fetch([2]));

        outbox.Take().OfType<SyncOutput.Ended>().Single().Reason.Should().Be(SyncEndReason.Flooded);
    }

    [Fact]
    public void A_peer_that_never_stops_asking_is_cut_off()
    {
        using var outbox = new Outbox();
        var answerer = new RepairAnswerer(outbox, CompressionCodecs.Brotli());
        var asked = 0;
        while (!outbox.HasEnded && asked++ < 100_000)
        {
            Take(answerer, Fetch([1]));
            if (!outbox.HasEnded)
            {
                answerer.WholeRead([]);
            }
        }

        asked.Should().Be(16_385);
        outbox.Take().OfType<SyncOutput.Ended>().Single().Reason.Should().Be(SyncEndReason.Flooded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_may_not_read_everything_of_a_log_is_told_nothing_of_it(bool mayReadSome)
    {
        using var outbox = new Outbox();
        var answerer = new RepairAnswerer(outbox, CompressionCodecs.Brotli(), mayReadSome
            ? new PeerRights { CanRead = _ => true }
            : new PeerRights { CanSeeLog = origin => origin != Log });
        Take(answerer, Fetch([1]));
        var reader = new WireReader(Compare(new LogPart(Log, 1, 4_096)).AsSpan(1));
        answerer.TakeCompare(ref reader);

        var sent = outbox.Take();
        sent.Should().HaveCount(2).And.AllBeOfType<SyncOutput.Send>("nothing is read");
        var fetched = new WireReader(((SyncOutput.Send)sent[0]).Frame.AsSpan(1));
        EventBatchFormat.Read(ref fetched).Should().BeEmpty();
        var comparison = new MerkleDiff(RepairFrames.Index([new LogLink(1, default, default)]));
        comparison.NextRequest().Should().NotBeNull();
        comparison.Accept(((SyncOutput.Send)sent[1]).Frame.AsSpan(1));
        comparison.Result.OnlyRemote.Should().BeEmpty();
    }

    [Fact]
    public void Answers_that_nobody_asked_for_and_comparisons_that_contradict_themselves_are_refused()
    {
        using var outbox = new Outbox();
        var (replica, damage) = (Some.NewReplica(1), new LogDamage());
        replica.Write(Some.Envelope());
        damage.Replace(replica.Self, [(1, replica.HeadOf(replica.Self).Hash, null)]);
        var asker = new RepairAsker(replica, damage, outbox);

        Break(asker, compared: true, [1, 2]).Should().Be("nothing was compared.");
        Break(asker, compared: false, [1, 2]).Should().Be("nothing was fetched.");
        asker.Begin();
        asker.LinksRead([]);
        Break(asker, compared: true, [1, 0]).Should().NotBe("nothing is wrong.");
        damage.Count.Should().Be(1);
    }

    [Fact]
    public void An_event_that_was_not_asked_for_is_not_taken_although_the_log_demands_it()
    {
        using var outbox = new Outbox();
        var (replica, damage) = (Some.NewReplica(1), new LogDamage());
        var first = replica.Write(Some.Envelope()).Event;
        var second = replica.Write(Some.Envelope()).Event;
        damage.Replace(replica.Self, [(2, second.Hash, null), (1, null, null)]);
        var asker = new RepairAsker(replica, damage, outbox);
        asker.Begin();
        asker.LinksRead([]);
        var index = RepairFrames.Index([new LogLink(2, second.Hash, second.Previous)]);
        while (outbox.Take().OfType<SyncOutput.Send>().LastOrDefault() is { } send && send.Frame[0] == FrameType.Compare)
        {
            var reader = new WireReader(send.Frame.AsSpan(1));
            var answer = new WireReader(MerkleDiff.Answer(index, RepairFrames.ReadCompare(ref reader).Request));
            asker.TakeCompared(ref answer);
        }

        // The second was asked for; the first comes along, and an event of another log.
        var other = Some.NewReplica(2).Write(Some.Envelope()).Event;
        using var frame = new WireWriter();
        EventBatchFormat.Write(frame, [second, first, other], new NoCompression());
        var fetched = new WireReader(frame.Written[1..]);
        asker.TakeFetched(ref fetched);

        outbox.Take().OfType<SyncOutput.Repair>().Single().Events.Select(one => one.Hash).Should().Equal(second.Hash);
        asker.EventsRefused.Should().Be(2);
    }

    private static byte[] Compare(LogPart part)
    {
        using var frame = new WireWriter();
        RepairFrames.WriteCompare(frame, part, new MerkleDiff(MerkleIndex.Build([])).NextRequest());
        return frame.Written.ToArray();
    }

    private static byte[] Fetch(List<long> sequences)
    {
        using var frame = new WireWriter();
        RepairFrames.WriteFetch(frame, Log, sequences);
        return frame.Written.ToArray();
    }

    private static bool Read(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        if (reader.Byte() == FrameType.Compare)
        {
            RepairFrames.ReadCompare(ref reader);
        }
        else
        {
            RepairFrames.ReadFetch(ref reader);
        }

        return !reader.IsBroken;
    }

    private static void Take(RepairAnswerer answerer, byte[] frame)
    {
        var reader = new WireReader(frame.AsSpan(1));
        answerer.TakeFetch(ref reader);
    }

    private static string Break(RepairAsker asker, bool compared, byte[] rest)
    {
        var reader = new WireReader(rest);
        if (compared)
        {
            asker.TakeCompared(ref reader);
        }
        else
        {
            asker.TakeFetched(ref reader);
        }

        return reader.Problem;
    }
}
