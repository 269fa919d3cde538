using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.GroupCommit;

/// <summary>What waits for a writer, and what a writer takes of it.</summary>
public sealed class WaitingAppendsTests
{
    private static readonly StreamId Stream = Some.Stream();

    private readonly StreamHeadCache _heads = new(10);

    [Fact]
    public async Task Late_ones_that_were_given_up_do_not_hide_what_is_ready()
    {
        var waiting = new WaitingAppends(_heads);
        using var given = new CancellationTokenSource();
        using var late = Queued(Stream, ExpectedVersion.NoStream, given.Token);
        using var ready = Queued(Stream, ExpectedVersion.Any);
        waiting.TryBegin(Stream).Should().BeTrue();
        waiting.Add(late);
        waiting.Add(ready);
        _heads.Remember(Stream, new KnownHead(1, Sha256Digest.Of([1])));
        await given.CancelAsync();

        waiting.End([Stream]);

        waiting.Take(2).Should().Equal(ready);
    }

    [Fact]
    public async Task Ready_ones_that_were_given_up_do_not_hide_what_is_late()
    {
        var waiting = new WaitingAppends(_heads);
        using var given = new CancellationTokenSource();
        var late = Enumerable.Range(0, 129).Select(_ => Queued(Stream, ExpectedVersion.NoStream)).ToArray();
        using var ready = Queued(Some.Stream(), ExpectedVersion.Any, given.Token);
        waiting.TryBegin(Stream).Should().BeTrue();
        foreach (var queued in late)
        {
            waiting.Add(queued);
        }

        waiting.Add(ready);
        _heads.Remember(Stream, new KnownHead(1, Sha256Digest.Of([1])));
        waiting.End([Stream]);
        waiting.Take(1).Should().Equal(late[..128]);
        await given.CancelAsync();

        waiting.Take(1).Should().Equal(late[128]);
        waiting.Take(1).Should().BeEmpty();
    }

    [Fact]
    public void Late_ones_and_ready_ones_are_taken_in_turns()
    {
        var waiting = new WaitingAppends(_heads);
        using var late = Queued(Stream, ExpectedVersion.NoStream);
        var other = Some.Stream();
        using var ready = Queued(other, ExpectedVersion.Any);
        using var later = Queued(Stream, ExpectedVersion.NoStream);
        waiting.TryBegin(Stream).Should().BeTrue();
        waiting.Add(late);
        waiting.Add(ready);
        _heads.Remember(Stream, new KnownHead(1, Sha256Digest.Of([1])));

        waiting.End([Stream]);

        waiting.Take(1).Should().Equal(late);
        waiting.TryBegin(Stream).Should().BeTrue();
        waiting.Add(later);
        waiting.End([Stream]);
        waiting.Take(1).Should().Equal(ready);
        waiting.Take(1).Should().Equal(later);
    }

    [Fact]
    public void What_is_ready_is_shared_out_among_the_writers()
    {
        var waiting = new WaitingAppends(_heads);
        var appends = Enumerable.Range(0, 10).Select(_ => Queued(Some.Stream(), ExpectedVersion.Any)).ToArray();
        foreach (var append in appends)
        {
            waiting.Add(append);
        }

        waiting.Take(2).Should().Equal(appends[..5]);
        waiting.Take(2).Should().Equal(appends[5..]);
        waiting.Take(2).Should().BeEmpty();
    }

    private static QueuedAppend Queued(
        StreamId stream, ExpectedVersion expected, CancellationToken cancellationToken = default) =>
        new(ValidatedAppend.Create(stream, Some.Events(stream, 1), expected, new EventStoreOptions()), cancellationToken);
}
