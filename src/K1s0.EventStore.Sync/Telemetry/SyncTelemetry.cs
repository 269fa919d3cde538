using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Sync;

/// <summary>The names of what synchronisation measures and traces. Durations are in seconds.</summary>
public static class SyncTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore.Sync";

    /// <summary>
    /// Histogram, seconds: one session, by <c>role</c> (<c>initiator</c>, <c>responder</c>) and <c>end</c>, the name of
    /// the <see cref="SyncEndReason"/>; <c>error.type</c> when an exception ended it. A span of this name goes with it.
    /// </summary>
    public const string SessionDuration = "k1s0.eventstore.sync.session.duration";

    /// <summary>Counter: events that moved in whole rounds, by <c>direction</c> (<c>in</c>, <c>out</c>).</summary>
    public const string Events = "k1s0.eventstore.sync.events";

    /// <summary>Counter: events that came and were not taken, by <c>reason</c>: an <see cref="Admission"/>.</summary>
    public const string RefusedEvents = "k1s0.eventstore.sync.events.refused";

    /// <summary>Counter, bytes: frames that were sent and received, by <c>direction</c>.</summary>
    public const string FrameBytes = "k1s0.eventstore.sync.frame_bytes";

    /// <summary>Histogram, seconds: from the first frame of a session to the answer, where this side called.</summary>
    public const string RoundTrip = "k1s0.eventstore.sync.round_trip";

    /// <summary>
    /// Gauge, seconds: how long ago the last whole round with a <c>peer</c> of <c>AddSync</c> ended, at each try;
    /// from the start while there was none.
    /// </summary>
    public const string PeerLag = "k1s0.eventstore.sync.peer.lag";

    /// <summary>Counter: whole rounds, by <c>link</c>: the <see cref="LinkState"/> that decided how they ran.</summary>
    public const string Rounds = "k1s0.eventstore.sync.rounds";

    /// <summary>Counter: events of critical streams that came ahead of their turn in whole rounds.</summary>
    public const string AheadEvents = "k1s0.eventstore.sync.events.ahead";

    /// <summary>Counter: events that whole rounds left for the next, because the link is slow.</summary>
    public const string LeftEvents = "k1s0.eventstore.sync.events.left";

    /// <summary>
    /// Gauge, bytes per second: the bandwidth to a <c>peer</c> of <c>AddSync</c>, by <c>link</c>; while it is measured.
    /// </summary>
    public const string LinkBandwidth = "k1s0.eventstore.sync.link.bandwidth";

    /// <summary>
    /// Counter: what gossip did, by <c>end</c>: calls that were <c>answered</c> or <c>failed</c>, and each
    /// <c>session</c> that it began and that ended.
    /// </summary>
    public const string GossipExchanges = "k1s0.eventstore.sync.gossip.exchanges";

    /// <summary>Gauge: members that gossip knows, by <c>state</c>: a <see cref="MemberState"/>.</summary>
    public const string GossipMembers = "k1s0.eventstore.sync.gossip.members";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly Meter Meter = new(SourceName);

    private static readonly Histogram<double> Sessions = Meter.CreateHistogram<double>(
        SessionDuration, "s", "Sessions by role and end.");

    private static readonly Counter<long> Moved = Meter.CreateCounter<long>(Events, "{event}", "Events moved.");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        RefusedEvents, "{event}", "Events not taken.");

    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>(FrameBytes, "By", "Bytes of frames.");
    private static readonly Histogram<double> RoundTrips = Meter.CreateHistogram<double>(
        RoundTrip, "s", "First frame to its answer.");

    private static readonly Gauge<double> Lag = Meter.CreateGauge<double>(
        PeerLag, "s", "Since the last whole round with a peer.");

    private static readonly Counter<long> RoundsEnded = Meter.CreateCounter<long>(Rounds, "{round}", "Whole rounds.");
    private static readonly Counter<long> Ahead = Meter.CreateCounter<long>(
        AheadEvents, "{event}", "Critical events ahead of their turn.");

    private static readonly Counter<long> Left = Meter.CreateCounter<long>(
        LeftEvents, "{event}", "Events left for the next round.");

    private static readonly Gauge<double> Bandwidth = Meter.CreateGauge<double>(
        LinkBandwidth, "By/s", "Bandwidth to a peer.");

    private static readonly Counter<long> Exchanges = Meter.CreateCounter<long>(
        GossipExchanges, "{exchange}", "Calls and sessions of gossip.");

    private static readonly Gauge<long> Members = Meter.CreateGauge<long>(
        GossipMembers, "{member}", "Members that gossip knows.");

    private static readonly KeyValuePair<string, object?> In = new("direction", "in");
    private static readonly KeyValuePair<string, object?> Out = new("direction", "out");

    internal static void RecordLag(string peer, TimeSpan lag) =>
        Lag.Record(lag.TotalSeconds, new KeyValuePair<string, object?>("peer", peer));

    internal static void RecordExchange(string end) =>
        Exchanges.Add(1, new KeyValuePair<string, object?>("end", end));

    internal static void RecordMembers(IReadOnlyList<MemberStatus> members)
    {
        foreach (var state in Enum.GetValues<MemberState>())
        {
            Members.Record(
                members.Count(member => member.State == state),
                new KeyValuePair<string, object?>("state", state.ToString()));
        }
    }

    internal static void RecordLink(string peer, LinkQuality link)
    {
        if (link.BytesPerSecond is { } rate)
        {
            Bandwidth.Record(
                rate,
                new KeyValuePair<string, object?>("peer", peer),
                new KeyValuePair<string, object?>("link", link.State.ToString()));
        }
    }

    internal static async Task<SyncOutcome> MeasureAsync(
        SyncRole role, MeteredTransport transport, TimeProvider time, Func<Task<SyncOutcome>> run)
    {
        using var activity = Source.StartActivity(SessionDuration);
        var side = role is SyncRole.Initiator ? "initiator" : "responder";
        activity?.SetTag("role", side);
        var started = time.GetTimestamp();
        TagList tags = new() { { "role", side } };
        try
        {
            var outcome = await run().ConfigureAwait(false);
            tags.Add("end", outcome.Reason.ToString());
            activity?.SetTag("end", outcome.Reason.ToString());
            Count(outcome.Report);
            return outcome;
        }
        catch (Exception e)
        {
            tags.Add("end", nameof(SyncEndReason.Failed));
            tags.Add("error.type", e.GetType().FullName);
            activity?.SetTag("error.type", e.GetType().FullName).SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            Sessions.Record(time.GetElapsedTime(started).TotalSeconds, tags);
            Bytes.Add(transport.BytesReceived, In);
            Bytes.Add(transport.BytesSent, Out);
            if (role is SyncRole.Initiator && transport.RoundTrip is { } roundTrip)
            {
                RoundTrips.Record(roundTrip.TotalSeconds);
            }
        }
    }

    private static void Count(SyncReport? report)
    {
        if (report is null)
        {
            return;
        }

        RoundsEnded.Add(1, new KeyValuePair<string, object?>("link", report.Link.ToString()));
        Ahead.Add(report.EventsAhead);
        Left.Add(report.EventsLeft);
        Moved.Add(report.EventsReceived, In);
        Moved.Add(report.EventsSent, Out);
        foreach (var (reason, count) in report.EventsRefused)
        {
            Refused.Add(count, new KeyValuePair<string, object?>("reason", reason.ToString()));
        }
    }
}
