namespace K1s0.EventStore.Sync;

/// <summary>
/// Compares parts of a log with what the peer has there, one part after the other and one question at a time. Whatever
/// the peer answers, each comes to an end.
/// </summary>
internal sealed class LogComparison(Outbox outbox)
{
    // A comparison of 4,096 events takes four rounds; a peer that answers in small pieces must come to an end too.
    private const int MaxRequestsPerPart = 64;

    private LogPart _part;
    private MerkleDiff? _comparison;
    private int _requests;

    /// <summary>Begins with what is here of a part.</summary>
    /// <returns>What differs; null when the peer is asked, or the session is over.</returns>
    public MerkleDifference? Begin(LogPart part, IEnumerable<LogLink> links)
    {
        (_part, _requests) = (part, 0);
        _comparison = new MerkleDiff(RepairFrames.Index(links), 2 * LogDamage.WindowEvents);
        return Next();
    }

    /// <summary>Goes on with an answer, behind its type.</summary>
    /// <inheritdoc cref="Begin" path="/returns"/>
    public MerkleDifference? Take(ref WireReader reader)
    {
        try
        {
            _comparison!.Accept(reader.Bytes(reader.Remaining));
            return Next();
        }
        catch (EventStoreException e) when (e is InvalidFormatException or UnsupportedFormatException)
        {
            reader.Break(e.Message);
            return null;
        }
    }

    private MerkleDifference? Next()
    {
        if (_comparison!.NextRequest() is not { } request)
        {
            return _comparison.Result;
        }

        if (++_requests > MaxRequestsPerPart)
        {
            outbox.Broken($"a comparison comes to no end.");
        }
        else
        {
            outbox.Send(frame => RepairFrames.WriteCompare(frame, _part, request));
        }

        return null;
    }
}
