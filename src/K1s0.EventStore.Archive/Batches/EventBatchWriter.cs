using System.Buffers;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Writes events of a feed into a batch: independent frames of about 256 KiB of lines, then filters, index and seek
/// table. The batch is made in memory. Not thread-safe; an exception from <see cref="TryAdd"/> leaves the batch as it
/// was.
/// </summary>
public sealed class EventBatchWriter
{
    /// <summary>The bytes of lines at which a frame ends: 256 KiB. A longer event has a frame of its own.</summary>
    public const int FrameContentBytes = 256 * 1024;

    private readonly StoreIdentity _store;
    private readonly EventBatchLimits _limits;
    private readonly ICompressionCodec _codec;
    private readonly ArrayBufferWriter<byte> _line = new(4 * 1024);
    private readonly ArrayBufferWriter<byte> _lines = new(FrameContentBytes + (FrameContentBytes / 4));
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly ArrayBufferWriter<byte> _filters = new();
    private readonly List<EventBatchFrame> _frames = [];
    private readonly FrameChain _chain = new();
    private long _contentBytes;
    private Position _frameFirst;
    private Position _last;
    private DateTimeOffset _frameEarliest;
    private DateTimeOffset _frameLatest;
    private DateTimeOffset _firstRecordedAt;
    private int _frameEvents;

    /// <summary>An empty batch.</summary>
    /// <param name="store">The store that the events are of.</param>
    /// <param name="limits">How much goes in; <see cref="EventBatchLimits.Streaming"/> when null.</param>
    /// <param name="codecs">What compresses; that of the system when null.</param>
    public EventBatchWriter(StoreIdentity store, EventBatchLimits? limits = null, CompressionCodecs? codecs = null)
    {
        _store = store;
        _limits = limits ?? EventBatchLimits.Streaming;
        _codec = (codecs ?? CompressionCodecs.OfSystem).Preferred;
    }

    /// <summary>How many events are in.</summary>
    public int EventCount { get; private set; }

    /// <summary>Adds an event, unless the batch is full; the first one always fits.</summary>
    /// <param name="envelope">A stored event, behind the last one in the order of positions.</param>
    /// <returns>False when it does not fit: finish this batch and begin another one with it.</returns>
    /// <exception cref="ArgumentException">
    /// It is not stored, does not come behind the last one, or is not what its digests say.
    /// </exception>
    public bool TryAdd(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Version < 1 || envelope.ContentDigest.IsNone || envelope.ChainHash.IsNone)
        {
            throw new ArgumentException($"{envelope} is not stored.", nameof(envelope));
        }

        if (EventCount > 0 && envelope.Position <= _last)
        {
            throw new ArgumentException($"{envelope} does not come behind position {_last}.", nameof(envelope));
        }

        _line.ResetWrittenCount();
        EventLine.Write(envelope, _chain.NeedsChain(envelope), _line);
        if (EventCount > 0 && (EventCount >= _limits.MaxEvents
            || _contentBytes + _line.WrittenCount > _limits.MaxContentBytes))
        {
            return false;
        }

        if (_frameEvents > 0 && _lines.WrittenCount + _line.WrittenCount > FrameContentBytes)
        {
            if (_frames.Count == BatchTail.MaxFrames - 1)
            {
                return false;
            }

            // In a frame of its own nothing stands before it.
            EndFrame();
            _line.ResetWrittenCount();
            EventLine.Write(envelope, _chain.NeedsChain(envelope), _line);
        }

        Add(envelope);
        return true;
    }

    /// <summary>Ends the batch; the writer is empty afterwards, for the next one.</summary>
    /// <exception cref="InvalidOperationException">There is no event in it.</exception>
    public EventBatch Finish()
    {
        if (EventCount == 0)
        {
            throw new InvalidOperationException("A batch has at least one event.");
        }

        EndFrame();
        var index = new EventBatchIndex(_store, _codec.Format, [.. _frames])
        {
            FiltersOffset = _output.WrittenCount,
            FiltersDigest = Sha256Digest.Of(_filters.WrittenSpan),
        };
        var tail = BatchTail.Write(index, _filters.WrittenSpan);
        _output.Write(tail);
        index = index with { Digest = BatchTail.DigestIn(tail, index) };
        var batch = new EventBatch(index, _output.WrittenSpan.ToArray(), _firstRecordedAt);
        _output.ResetWrittenCount();
        _filters.ResetWrittenCount();
        _frames.Clear();
        (EventCount, _contentBytes) = (0, 0);
        return batch;
    }

    private void Add(EventEnvelope envelope)
    {
        if (EventCount == 0)
        {
            _firstRecordedAt = envelope.RecordedAt;
        }

        if (_frameEvents == 0)
        {
            (_frameFirst, _frameEarliest, _frameLatest) =
                (envelope.Position, envelope.RecordedAt, envelope.RecordedAt);
        }

        _lines.Write(_line.WrittenSpan);
        _chain.Add(envelope);
        _contentBytes += _line.WrittenCount;
        _last = envelope.Position;
        _frameEarliest = envelope.RecordedAt < _frameEarliest ? envelope.RecordedAt : _frameEarliest;
        _frameLatest = envelope.RecordedAt > _frameLatest ? envelope.RecordedAt : _frameLatest;
        _frameEvents++;
        EventCount++;
    }

    private void EndFrame()
    {
        var room = _output.GetSpan(_codec.MaxCompressedLength(_lines.WrittenCount));
        var length = _codec.Compress(_lines.WrittenSpan, room, dictionary: null);
        var filter = StreamFilter.Make(_chain.Tags, _chain.StreamCount);
        var frame = new EventBatchFrame(
            _output.WrittenCount, length, _lines.WrittenCount, _frameEvents, _frameFirst, _last, _frameEarliest,
            _frameLatest, Sha256Digest.Of(room[..length]));
        _frames.Add(frame with { FilterLength = filter.Length });
        _output.Advance(length);
        _filters.Write(filter);
        _lines.ResetWrittenCount();
        _chain.Clear();
        _frameEvents = 0;
    }
}
