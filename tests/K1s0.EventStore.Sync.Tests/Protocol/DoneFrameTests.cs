namespace K1s0.EventStore.Sync.Tests;

public sealed class DoneFrameTests
{
    private const long Most = 1L << 53;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Most)]
    public void What_is_left_is_read_as_it_was_written(long left) =>
        Read(Written(left)).Should().Be((left, false));

    [Theory]
    [InlineData(Most + 1)]
    [InlineData(long.MaxValue)]
    public void More_than_there_can_be_is_refused(long left) => Read(Written(left)).Should().Be((0, true));

    [Fact]
    public void A_frame_that_is_cut_is_refused()
    {
        var whole = Written(1_000_000);
        for (var length = 1; length < whole.Length; length++)
        {
            Read(whole[..length]).IsBroken.Should().BeTrue($"{length} of {whole.Length} bytes");
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 7)]
    public void Logs_that_begin_later_are_read_where_both_know_of_them(int forked, long left)
    {
        Origin[] forks = [.. Enumerable.Range(1, forked).Select(number => Some.Origin(number))];
        Origin[] later = [Some.Origin(4), Some.Origin(9, 3)];
        using var frame = new WireWriter();
        DoneFrame.Write(frame, forks, left, later);
        var whole = frame.Written[1..].ToArray();

        var reader = new WireReader(whole);
        var read = DoneFrame.Read(ref reader, knowsBeginnings: true);
        (read.Left, reader.IsBroken).Should().Be((left, false));
        read.Forks.Should().Equal(forks);
        read.BeginLater.Should().Equal(later);

        var unaware = new WireReader(whole);
        DoneFrame.Read(ref unaware, knowsBeginnings: false);
        unaware.IsBroken.Should().BeTrue("it was not agreed on");
        var none = new WireReader([7, 0, 0]);
        DoneFrame.Read(ref none, knowsBeginnings: true);
        none.IsBroken.Should().BeTrue();
    }

    private static byte[] Written(long left)
    {
        using var frame = new WireWriter();
        DoneFrame.Write(frame, [], left, []);

        // Behind the type.
        return frame.Written[1..].ToArray();
    }

    private static (long Left, bool IsBroken) Read(byte[] frame)
    {
        var reader = new WireReader(frame);
        var left = DoneFrame.Read(ref reader, knowsBeginnings: true).Left;
        return (left, reader.IsBroken);
    }
}
