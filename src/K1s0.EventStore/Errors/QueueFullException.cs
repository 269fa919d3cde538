using System.Globalization;

namespace K1s0.EventStore;

/// <summary>A queue of operations holds as many, or as many bytes, as it may. Nothing was written.</summary>
public sealed class QueueFullException : EventStoreException
{
    /// <summary>A queue that is full.</summary>
    /// <param name="operations">How many operations it holds.</param>
    /// <param name="maxOperations">How many it may hold.</param>
    /// <param name="bytes">How many bytes it holds.</param>
    /// <param name="maxBytes">How many bytes it may hold.</param>
    public QueueFullException(int operations, int maxOperations, long bytes, long maxBytes)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The queue is full: {operations} of {maxOperations} operations, {bytes} of {maxBytes} bytes."),
            innerException: null) =>
        (Operations, MaxOperations, Bytes, MaxBytes) = (operations, maxOperations, bytes, maxBytes);

    /// <summary>How many operations the queue holds.</summary>
    public int Operations { get; }

    /// <summary>How many operations it may hold.</summary>
    public int MaxOperations { get; }

    /// <summary>How many bytes the queue holds.</summary>
    public long Bytes { get; }

    /// <summary>How many bytes it may hold.</summary>
    public long MaxBytes { get; }

    /// <summary>True: there is room again when operations have been delivered.</summary>
    public override bool IsTransient => true;
}
