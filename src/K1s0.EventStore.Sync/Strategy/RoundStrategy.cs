namespace K1s0.EventStore.Sync;

/// <summary>
/// How one round is to run. The side that called decides by what it has measured, and tells the other.
/// </summary>
/// <remarks>
/// <code>
/// Link  16 | state, 1: see LinkState | 1 when critical streams go first | bytes of a batch | bytes of a slice
/// </code>
/// Sent before the initiator's vector, where both sides know this feature and the strategy is not the usual one.
/// </remarks>
/// <param name="State">The kind of link.</param>
/// <param name="CriticalFirst">
/// Whether events of critical streams go ahead of others, and what else goes in this round is limited to
/// <paramref name="SliceBytes"/>, so that the next round begins with critical ones again.
/// </param>
/// <param name="BatchBytes">About how many bytes go at once; 0 for what the options say.</param>
/// <param name="SliceBytes">How many bytes of other events may go in this round.</param>
internal readonly record struct RoundStrategy(LinkState State, bool CriticalFirst, int BatchBytes, int SliceBytes)
{
    /// <summary>More events than this go at once where the peer is slow to answer.</summary>
    public const int LatentEvents = 100;

    private const int LeastBatchBytes = 16 * 1024;
    private const int MostBatchBytes = 1024 * 1024;
    private const int LeastSliceBytes = 64 * 1024;
    private const int MostSliceBytes = 4 * 1024 * 1024;
    private const int SliceSeconds = 10;

    public bool IsUsual => this == default;

    public bool IsLatent => State is LinkState.HighLatency or LinkState.ConstrainedAndHighLatency;

    /// <summary>What the quality of a link asks for.</summary>
    /// <param name="quality">What was measured.</param>
    /// <param name="mayHoldBack">False when something has been held back for too long.</param>
    public static RoundStrategy For(LinkQuality quality, bool mayHoldBack)
    {
        var isConstrained = quality.State is LinkState.Constrained or LinkState.ConstrainedAndHighLatency;
        var isLatent = quality.State is LinkState.HighLatency or LinkState.ConstrainedAndHighLatency;
        var onTheWay = quality is { BytesPerSecond: { } rate, RoundTrip: { } roundTrip }
            ? rate * roundTrip.TotalSeconds
            : MostBatchBytes;
        return new RoundStrategy(
            quality.State,
            isConstrained && mayHoldBack,
            !isLatent ? 0 : isConstrained ? MostBatchBytes : Clamp(onTheWay, LeastBatchBytes, MostBatchBytes),
            isConstrained
                ? Clamp((quality.BytesPerSecond ?? 0) * SliceSeconds, LeastSliceBytes, MostSliceBytes)
                : 0);
    }

    /// <summary>How many events are read at once.</summary>
    public int EventsToRead(SyncOptions options) =>
        IsLatent ? Math.Max(options.BatchEvents, 2 * LatentEvents) : options.BatchEvents;

    /// <summary>How many bytes are read at once; no more than the peer lets be on their way.</summary>
    public int BytesToRead(SyncOptions options, int peerWindow) =>
        IsLatent ? Math.Min(BatchBytes, peerWindow) : options.BatchBytes;

    /// <summary>Whether a batch goes as it is, or more is read into it.</summary>
    public bool IsFull(int events, long bytes, int peerWindow) =>
        !IsLatent
        || (events > LatentEvents && bytes >= Math.Min(BatchBytes, peerWindow))
        || bytes >= Math.Min(peerWindow, MostBatchBytes);

    public void Write(WireWriter frame)
    {
        frame.Byte(FrameType.Link);
        frame.Byte((byte)State);
        frame.Byte((byte)(CriticalFirst ? 1 : 0));
        frame.Integer((ulong)BatchBytes);
        frame.Integer((ulong)SliceBytes);
    }

    /// <summary>Reads the frame behind its type. What is out of range is brought into it.</summary>
    public static RoundStrategy Read(ref WireReader reader)
    {
        var (state, first) = ((LinkState)reader.Byte(), reader.Byte());
        var (batch, slice) = (reader.Int64(), reader.Int64());
        reader.End();
        if (!Enum.IsDefined(state) || first > 1)
        {
            reader.Break("a link is of a kind that is not known.");
        }

        return reader.IsBroken
            ? default
            : new RoundStrategy(
                state,
                first == 1,
                Clamp(batch, LeastBatchBytes, MostBatchBytes),
                Clamp(slice, LeastSliceBytes, MostSliceBytes));
    }

    private static int Clamp(double value, int least, int most) => (int)Math.Clamp(value, least, most);
}
