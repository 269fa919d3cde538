using System.Buffers.Binary;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Links on which a frame takes minutes, and callers that nobody knows yet.</summary>
public sealed class SlowLinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new(Some.Noon);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_large_event_comes_over_a_link_on_which_it_takes_minutes(bool callerSends)
    {
        using var caller = await OpenAsync();
        using var answerer = await OpenAsync();
        var random = SeededRandom.Create();
        var noise = new byte[200_000];
        random.NextBytes(noise);
        await (callerSends ? caller : answerer).WriteAsync(
            Some.Envelope(payload: $"\"{Convert.ToBase64String(noise)}\""));
        var (toAnswerer, toCaller) = SlowStream.CreatePair(_time);

        var answering = answerer.SynchroniseAsync(new StreamSyncTransport(toCaller), SyncRole.Responder);
        var outcome = await caller.SynchroniseAsync(new StreamSyncTransport(toAnswerer), SyncRole.Initiator)
            .WaitAsync(Patience);

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        (await answering.WaitAsync(Patience)).IsCompleted.Should().BeTrue();
        caller.Clock.Should().Be(answerer.Clock);
        (_time.GetUtcNow() - Some.Noon).Should().BeGreaterThan(TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task A_caller_that_has_not_proved_itself_may_announce_no_large_frame()
    {
        using var node = await OpenAsync();
        var (stranger, toNode) = SlowStream.CreatePair(_time);
        var answering = node.SynchroniseAsync(new StreamSyncTransport(toNode), SyncRole.Responder);
        var header = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(header, Handshake.MaxFrameBytes + 1);

        await stranger.WriteAsync(header);

        var outcome = await answering.WaitAsync(Patience);
        outcome.Reason.Should().Be(SyncEndReason.Flooded);
        outcome.Detail.Should().Contain("1089");
    }

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    public void A_caller_that_only_talks_is_given_up_after_ten_seconds(int seconds, bool isOver)
    {
        using var session = new SyncSession(SyncRole.Responder, Some.NewReplica(1), SessionSide.Options().Checked());
        session.Step(new SyncInput.Started(), Some.Noon);
        using var hello = new WireWriter();
        new Handshake(SessionSide.Options()).WriteHello(hello);
        session.Step(new SyncInput.Received(hello.Written.ToArray()), Some.Noon.AddSeconds(8));

        session.Step(new SyncInput.TimerElapsed(), Some.Noon.AddSeconds(seconds));

        session.HasEnded.Should().Be(isOver);
    }

    private Task<ReplicaNode> OpenAsync() => ReplicaNode.OpenAsync(
        new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = SessionSide.Options(), MaxDrift = TimeSpan.FromDays(1) }, _time);
}
