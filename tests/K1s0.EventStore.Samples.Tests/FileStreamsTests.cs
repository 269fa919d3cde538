using System.Text;
using K1s0.EventStore.Samples.GitHistory.Events;
using K1s0.EventStore.Samples.GitHistory.Git;
using K1s0.EventStore.Samples.Tests.Repositories;

namespace K1s0.EventStore.Samples.Tests;

public sealed class FileStreamsTests
{
    [Theory]
    [InlineData("src/Program.cs", "src/Program.cs")]
    [InlineData("with space \"and quote\"", "with space \"and quote\"")]
    [InlineData("new\nline\ttab", "new%0Aline%09tab")]
    [InlineData("100%", "100%25")]
    [InlineData("%0A", "%250A")]
    [InlineData("latin \xe9", "latin %E9")]
    [InlineData("\xc3\xa9", "é")]
    [InlineData("next \xc2\x85 line", "next %C2%85 line")]
    [InlineData("\xed\xa0\x80", "%ED%A0%80")]
    public void A_path_becomes_a_name_that_can_be_read(string latin1, string name)
    {
        FileStreams.StreamOf(PathOf(latin1)).Should().Be(new StreamId("file", name));
    }

    [Fact]
    public void Every_path_has_a_stream_of_its_own()
    {
        OddPaths.All.Select(PathOf).Select(FileStreams.StreamOf).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void A_name_turns_back_into_its_path_unless_it_was_cut()
    {
        foreach (var path in OddPaths.All.Select(PathOf))
        {
            var streamId = FileStreams.StreamOf(path);
            FileStreams.PathOf(streamId).Should().Be(
                streamId.AggregateId.Contains("%~", StringComparison.Ordinal) ? null : path);
        }
    }

    [Fact]
    public void Only_a_name_over_500_bytes_is_cut()
    {
        OddPaths.All.Where(path => FileStreams.PathOf(FileStreams.StreamOf(PathOf(path))) is null)
            .Should().HaveCount(5).And.OnlyContain(path => path.Length >= 500);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_bytes_turn_back_into_themselves(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 1_000; i++)
        {
            var bytes = new byte[random.Next(1, 40)];
            random.NextBytes(bytes);
            var path = GitPath.FromBytes(bytes);

            FileStreams.PathOf(FileStreams.StreamOf(path)).Should().Be(path, "seed {0}, path {1}", seed, i);
        }
    }

    private static GitPath PathOf(string latin1) => GitPath.FromBytes(Encoding.Latin1.GetBytes(latin1));
}
