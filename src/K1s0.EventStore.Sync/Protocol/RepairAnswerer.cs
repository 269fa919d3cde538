using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The half of a round that helps the peer to repair its logs: tells which events are whole here, and gives them. Keeps
/// the comparison of one part of one log.
/// </summary>
internal sealed class RepairAnswerer(Outbox outbox, ICompressionCodec codec, PeerRights? rights = null)
{
    // A peer whose every log is damaged everywhere asks in several rounds.
    private const int MaxQuestions = 16_384;

    private (LogPart Part, MerkleIndex Index)? _compared;
    private (LogPart Part, byte[] Request)? _asked;
    private bool _isFetching;
    private int _questions;

    private bool IsBusy => _isFetching || _asked is not null;

    public void TakeCompare(ref WireReader reader)
    {
        var (part, request) = RepairFrames.ReadCompare(ref reader);
        if (reader.IsBroken || !MayAsk())
        {
            return;
        }

        if (_compared is { } known && known.Part == part)
        {
            Answer(known.Index, request);
            return;
        }

        if (rights?.MayCompare(part.Origin) is false)
        {
            // As one that has nothing there.
            Answer(RepairFrames.Index([]), request);
            return;
        }

        _asked = (part, request);
        outbox.Add(new SyncOutput.ReadLinks(part, IsForPeer: true));
    }

    public void TakeFetch(ref WireReader reader)
    {
        var (origin, sequences) = RepairFrames.ReadFetch(ref reader);
        if (reader.IsBroken || !MayAsk())
        {
            return;
        }

        if (rights?.MayCompare(origin) is false)
        {
            Send([]);
        }
        else
        {
            _isFetching = true;
            outbox.Add(new SyncOutput.ReadWhole(origin, sequences, EventBatchFormat.MaxRestBytes / 2));
        }
    }

    public void LinksRead(IReadOnlyList<LogLink> links)
    {
        var (part, request) = _asked ?? throw new InvalidOperationException("No links were to be read.");
        _asked = null;
        _compared = (part, RepairFrames.Index(links));
        Answer(_compared.Value.Index, request);
    }

    public void WholeRead(IReadOnlyList<SyncEvent> events)
    {
        if (!_isFetching)
        {
            throw new InvalidOperationException("No events were to be read.");
        }

        _isFetching = false;
        Send([.. events]);
    }

    private void Send(List<SyncEvent> events)
    {
        using var rest = EventBatchFormat.WriteRest(events);
        if (rest.Length > EventBatchFormat.MaxRestBytes && events.Count > 1)
        {
            // The last was larger than what was left; it is asked for again.
            Send(events[..^1]);
            return;
        }

        outbox.Send(frame => EventBatchFormat.Write(
            frame, rest, codec, FrameType.Fetched));
    }

    private void Answer(MerkleIndex index, byte[] request)
    {
        try
        {
            var answer = MerkleDiff.Answer(index, request);
            outbox.Send(frame =>
            {
                frame.Byte(FrameType.Compared);
                frame.Bytes(answer);
            });
        }
        catch (EventStoreException e) when (e is InvalidFormatException or UnsupportedFormatException)
        {
            outbox.Broken($"a comparison cannot be answered: {e.Message}");
        }
    }

    private bool MayAsk()
    {
        if (!IsBusy && ++_questions <= MaxQuestions)
        {
            return true;
        }

        outbox.End(SyncEndReason.Flooded, "the peer asks for more repairs than it may.");
        return false;
    }
}
