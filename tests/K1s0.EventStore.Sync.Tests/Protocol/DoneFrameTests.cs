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
