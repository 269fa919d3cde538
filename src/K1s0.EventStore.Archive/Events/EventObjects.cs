using System.Buffers;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Single events as objects of their own, for exports: <c>events/yyyy/MM/dd/HH/id.json</c>, the hour that it was
/// recorded in, with its content digest as the metadata <c>checksum</c>. The content is one line of a batch, with its
/// chain. Thread-safe. For archives take batches: an object for each event costs far more than it holds.
/// </summary>
/// <param name="objects">Where they are kept.</param>
public sealed class EventObjects(IObjectStore objects)
{
    private const string ChecksumName = "checksum";

    /// <summary>The key of an event.</summary>
    /// <param name="envelope">A stored event.</param>
    public static ObjectKey KeyOf(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return new ObjectKey($"events/{envelope.PartitionKey}/{envelope.Id}.json");
    }

    /// <summary>Stores an event. Repeating it is harmless.</summary>
    /// <param name="envelope">A stored event.</param>
    /// <param name="storageClass">Where the object is to lie.</param>
    /// <param name="cancellationToken">Gives up; the object is there as a whole or not at all.</param>
    /// <returns>As <see cref="IObjectStore.PutIfAbsentAsync"/>.</returns>
    /// <exception cref="ArgumentException">The event is not stored, or is not what its digests say.</exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it is stored: repeat the call.</exception>
    public Task<PutOutcome> PutAsync(
        EventEnvelope envelope,
        StorageClass storageClass = StorageClass.Standard,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (envelope.Version < 1 || envelope.ContentDigest.IsNone || envelope.ChainHash.IsNone)
        {
            throw new ArgumentException($"{envelope} is not stored.", nameof(envelope));
        }

        var content = new ArrayBufferWriter<byte>();
        EventLine.Write(envelope, new FrameChain().NeedsChain(envelope), content);
        var attributes = new ObjectAttributes(
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [ChecksumName] = envelope.ContentDigest.ToString(),
            },
            storageClass);
        return objects.PutIfAbsentAsync(KeyOf(envelope), content.WrittenMemory, attributes, cancellationToken);
    }

    /// <summary>Reads an event and checks it against its checksum.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The event; null when there is none.</returns>
    /// <exception cref="ObjectDamagedException">It is not the event that was stored.</exception>
    /// <exception cref="RestoreRequiredException">It lies in a class that cannot be read at once.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    public async Task<EventEnvelope?> GetAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (await objects.GetAsync(key, EventBatchLimits.MostContentBytes, cancellationToken).ConfigureAwait(false)
            is not { } found)
        {
            return null;
        }

        try
        {
            var envelope = Read(found.Content);
            if (KeyOf(envelope) != key)
            {
                throw new ObjectDamagedException(key.Value, $"it holds the event of {KeyOf(envelope)}.");
            }

            return string.Equals(
                envelope.ContentDigest.ToString(),
                found.Info.Attributes.Metadata.GetValueOrDefault(ChecksumName),
                StringComparison.Ordinal)
                ? envelope
                : throw new ObjectDamagedException(key.Value, "its event does not have its checksum.");
        }
        catch (InvalidFormatException e)
        {
            throw new ObjectDamagedException(key.Value, e.Message, e);
        }
    }

    private static EventEnvelope Read(ReadOnlyMemory<byte> content)
    {
        if (content.Span.IndexOf((byte)'\n') != content.Length - 1)
        {
            throw new InvalidFormatException(EventLine.FormatName, "it is not one line.");
        }

        return new FrameChain().Complete(EventLine.Read(content[..^1], out var hasChain), hasChain);
    }
}
