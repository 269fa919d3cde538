namespace K1s0.EventStore.Sync;

/// <summary>
/// Measures the link to one peer over the sessions with it, and says what that means for the next. Reads no clock: the
/// same measurements at the same times give the same answers.
/// </summary>
/// <remarks>
/// Used by one session at a time; <see cref="Quality"/> may be read from any thread. Keeps at most 64 measurements of
/// each kind.
/// </remarks>
internal sealed class LinkMeter
{
    // How much one more observation counts.
    private const double Weight = 0.2;
    private const int SlowSamples = 3;
    private const double EnterConstrained = 1_000_000 / 8.0;
    private const double LeaveConstrained = 1_500_000 / 8.0;

    private static readonly TimeSpan EnterHighLatency = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LeaveHighLatency = TimeSpan.FromMilliseconds(350);

    private readonly RecentExtreme _roundTrips = new(TimeSpan.FromMinutes(5), isLargest: false);
    private readonly RecentExtreme _rates = new(TimeSpan.FromMinutes(1), isLargest: true);
    private double? _meanRoundTrip;
    private double _variation;
    private double _loss;
    private int _slowSamples;
    private bool _isConstrained;
    private bool _isLatent;
    private DateTimeOffset? _heldBackSince;
    private volatile LinkQuality _quality = new(LinkState.Normal, null, TimeSpan.Zero, null, 0);

    /// <summary>Which logs do not come on at the peer.</summary>
    public StuckLogs Stuck { get; } = new();

    /// <summary>How good the link is.</summary>
    public LinkQuality Quality => _quality;

    /// <summary>A question was answered that needed no work over there.</summary>
    public void Answered(TimeSpan roundTrip, DateTimeOffset now)
    {
        var seconds = Math.Max(0, roundTrip.TotalSeconds);
        var mean = _meanRoundTrip ?? seconds;
        _variation += Weight * (Math.Abs(seconds - mean) - _variation);
        _meanRoundTrip = mean + (Weight * (seconds - mean));
        var shortest = TimeSpan.FromSeconds(_roundTrips.Add(seconds, now));
        _isLatent = _isLatent ? shortest >= LeaveHighLatency : shortest > EnterHighLatency;
        Publish();
    }

    /// <summary>Bytes were confirmed over a time in which there were always bytes under way.</summary>
    public void Confirmed(long bytes, TimeSpan during, DateTimeOffset now)
    {
        var rate = _rates.Add(bytes / Math.Max(0.001, during.TotalSeconds), now);
        _slowSamples = rate < EnterConstrained ? _slowSamples + 1 : 0;
        _isConstrained = _isConstrained ? rate <= LeaveConstrained : _slowSamples >= SlowSamples;
        Publish();
    }

    /// <summary>A session ended, with a whole round or without.</summary>
    public void Ended(bool isWhole)
    {
        _loss += Weight * ((isWhole ? 0 : 1) - _loss);
        Publish();
    }

    /// <summary>A round ended and left events behind because others went first, or did not.</summary>
    public void RoundEnded(bool heldBack, DateTimeOffset now) =>
        _heldBackSince = heldBack ? _heldBackSince ?? now : null;

    /// <summary>What the link asks for.</summary>
    public RoundStrategy Decide(SyncOptions options, DateTimeOffset now)
    {
        return RoundStrategy.For(_quality, !IsOverdue(options, now));
    }

    /// <summary>Whether events have been held back, by either side, for as long as they may.</summary>
    public bool IsOverdue(SyncOptions options, DateTimeOffset now) =>
        _heldBackSince is { } since && now - since >= options.MaxDeferral;

    private void Publish() => _quality = new LinkQuality(
        (_isConstrained, _isLatent) switch
        {
            (false, false) => LinkState.Normal,
            (true, false) => LinkState.Constrained,
            (false, true) => LinkState.HighLatency,
            _ => LinkState.ConstrainedAndHighLatency,
        },
        _roundTrips.Value is { } shortest ? TimeSpan.FromSeconds(shortest) : null,
        TimeSpan.FromSeconds(_variation),
        _rates.Value,
        _loss);
}
