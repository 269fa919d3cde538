using System.Runtime.CompilerServices;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Reads a batch in its object store, frame by frame: opening is one ranged get, and each frame another. What comes out
/// has passed the digests of index and frame, and every event's place in the chain of its stream as far as the frame
/// knows it. Thread-safe.
/// </summary>
public sealed class EventBatchReader
{
    private readonly IObjectStore _objects;
    private readonly ObjectKey _key;
    private readonly ICompressionCodec _codec;
    private readonly EventBatchReaderOptions _options;

    private EventBatchReader(
        IObjectStore objects, ObjectKey key, EventBatchIndex index, ICompressionCodec codec,
        EventBatchReaderOptions options) =>
        (_objects, _key, Index, _codec, _options) = (objects, key, index, codec, options);

    /// <summary>What the batch holds.</summary>
    public EventBatchIndex Index { get; }

    /// <summary>Opens a batch: one ranged get of 32 KiB.</summary>
    /// <param name="objects">Where it is.</param>
    /// <param name="key">Its key.</param>
    /// <param name="options">Limits and codecs; the defaults when null.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>null when there is no object.</returns>
    /// <exception cref="ObjectDamagedException">The object is no batch, or damaged.</exception>
    /// <exception cref="UnsupportedFormatException">The batch is of another version.</exception>
    /// <exception cref="RestoreRequiredException">It lies in a class that cannot be read at once.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    /// <exception cref="CompressionUnavailableException">Its codec is not to be had here.</exception>
    public static async Task<EventBatchReader?> OpenAsync(
        IObjectStore objects,
        ObjectKey key,
        EventBatchReaderOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(key);
        var tail = await objects.GetRangeAsync(key, ObjectRange.Last(BatchTail.MaxLength), cancellationToken)
            .ConfigureAwait(false);
        if (tail is null)
        {
            return null;
        }

        var index = Guarded(key, () => BatchTail.Read(tail.Content.Span, tail.ObjectLength));
        options ??= new EventBatchReaderOptions();
        return new EventBatchReader(objects, key, index, options.Codecs.For(index.Compression), options);
    }

    /// <summary>Decodes a whole batch that is in memory, checks all of it, and returns its events in order.</summary>
    /// <param name="content">The whole object.</param>
    /// <param name="options">Limits and codecs; the defaults when null.</param>
    /// <exception cref="InvalidFormatException">It is no batch, or damaged.</exception>
    /// <exception cref="DecompressionException">A frame is damaged, or larger than accepted.</exception>
    /// <exception cref="UnsupportedFormatException">The batch is of another version.</exception>
    /// <exception cref="CompressionUnavailableException">Its codec is not to be had here.</exception>
    public static IEnumerable<EventEnvelope> Decode(
        ReadOnlyMemory<byte> content, EventBatchReaderOptions? options = null)
    {
        options ??= new EventBatchReaderOptions();
        var index = BatchTail.Read(content.Span, content.Length);
        var filters = content.Slice((int)index.FiltersOffset + BatchTail.FrameHead, index.FiltersLength);
        var head = content.Slice((int)index.FiltersOffset, BatchTail.FrameHead);
        BatchFrames.CheckFilters(head.Span, filters.Span, index);
        var codec = options.Codecs.For(index.Compression);
        return DecodeFrames();

        IEnumerable<EventEnvelope> DecodeFrames()
        {
            var rest = filters;
            foreach (var frame in index.Frames)
            {
                var events = BatchFrames.Decode(
                    content.Slice((int)frame.Offset, frame.Length),
                    frame,
                    codec,
                    options.MaxFrameContentBytes,
                    rest[..frame.FilterLength]);
                rest = rest[frame.FilterLength..];
                foreach (var envelope in events)
                {
                    yield return envelope;
                }
            }
        }
    }

    /// <summary>Reads the events of one frame, in order: one ranged get.</summary>
    /// <param name="frame">One of <see cref="EventBatchIndex.Frames"/>.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <exception cref="ObjectDamagedException">The frame is damaged, or larger than accepted.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    public async Task<IReadOnlyList<EventEnvelope>> ReadFrameAsync(
        EventBatchFrame frame, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Guarded(_key, () =>
        {
            BatchFrames.CheckLength(frame, _options.MaxFrameContentBytes);
            return true;
        });
        var content = await ReadAsync(frame.Offset, frame.Length, cancellationToken).ConfigureAwait(false);
        return Guarded(_key, () => BatchFrames.Decode(content, frame, _codec, _options.MaxFrameContentBytes));
    }

    /// <summary>Reads the events behind a position, in order, one frame at a time.</summary>
    /// <param name="after">The last position that is not wanted; the start for all.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <exception cref="ObjectDamagedException">A frame is damaged, or larger than accepted.</exception>
    /// <exception cref="StoreUnavailableException">A frame cannot be read at the moment.</exception>
    public async IAsyncEnumerable<EventEnvelope> ReadAsync(
        Position after = default, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var frame in Index.Frames.Where(frame => frame.Last > after))
        {
            foreach (var envelope in await ReadFrameAsync(frame, cancellationToken).ConfigureAwait(false))
            {
                if (envelope.Position > after)
                {
                    yield return envelope;
                }
            }
        }
    }

    /// <summary>Reads one event: at most one ranged get.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The event; null when the batch has none at this position.</returns>
    /// <exception cref="ObjectDamagedException">The frame is damaged, or larger than accepted.</exception>
    /// <exception cref="StoreUnavailableException">The frame cannot be read at the moment.</exception>
    public async Task<EventEnvelope?> FindAsync(Position position, CancellationToken cancellationToken = default)
    {
        var frame = Index.Frames.FirstOrDefault(frame => frame.First <= position && position <= frame.Last);
        if (frame is null)
        {
            return null;
        }

        var found = (await ReadFrameAsync(frame, cancellationToken).ConfigureAwait(false))
            .FirstOrDefault(envelope => envelope.Position == position);

        return found is null ? null : Apart(found);
    }

    /// <summary>The event without the memory of the whole frame that it was decoded in.</summary>
    internal static EventEnvelope Apart(EventEnvelope envelope) => envelope with
    {
        PayloadUtf8 = envelope.PayloadUtf8.ToArray(),
        MetadataUtf8 = envelope.MetadataUtf8.ToArray(),
    };

    /// <summary>The frames that may hold events of a stream: one ranged get, of the filters.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>Every frame that holds one, and about one in 1,700 that does not.</returns>
    /// <exception cref="ObjectDamagedException">The filters are damaged.</exception>
    /// <exception cref="StoreUnavailableException">They cannot be read at the moment.</exception>
    public async Task<IReadOnlyList<EventBatchFrame>> FindFramesAsync(
        StreamId streamId, CancellationToken cancellationToken = default)
    {
        var filters = await ReadFiltersAsync(cancellationToken).ConfigureAwait(false);
        return FindFrames(filters, streamId);
    }

    /// <summary>The filters, checked: one ranged get.</summary>
    internal async Task<ReadOnlyMemory<byte>> ReadFiltersAsync(CancellationToken cancellationToken)
    {
        var read = await ReadAsync(Index.FiltersOffset, BatchTail.FrameHead + Index.FiltersLength, cancellationToken)
            .ConfigureAwait(false);
        return Guarded(_key, () =>
        {
            var filters = read[BatchTail.FrameHead..];
            BatchFrames.CheckFilters(read.Span[..BatchTail.FrameHead], filters.Span, Index);
            return filters;
        });
    }

    /// <summary>The frames that may hold events of a stream, by filters that were read.</summary>
    internal IReadOnlyList<EventBatchFrame> FindFrames(ReadOnlyMemory<byte> filters, StreamId streamId)
    {
        var tag = StreamChain.Tag(streamId);
        var found = new List<EventBatchFrame>();
        foreach (var frame in Index.Frames)
        {
            if (StreamFilter.MayHold(filters.Span[..frame.FilterLength], tag))
            {
                found.Add(frame);
            }

            filters = filters[frame.FilterLength..];
        }

        return found;
    }

    private static TResult Guarded<TResult>(ObjectKey key, Func<TResult> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidFormatException or DecompressionException)
        {
            throw new ObjectDamagedException(key.Value, e.Message, e);
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(long offset, int length, CancellationToken cancellationToken)
    {
        var slice = await _objects.GetRangeAsync(_key, ObjectRange.At(offset, length), cancellationToken)
            .ConfigureAwait(false);
        return slice?.Content.Length == length
            ? slice.Content
            : throw new ObjectDamagedException(_key.Value, "it is gone, or became shorter, since it was opened.");
    }
}
