namespace K1s0.EventStore;

/// <summary>
/// Somebody else moved the checkpoint or took over its consumer since it was claimed. Nothing was written; the former
/// owner must stop.
/// </summary>
public sealed class CheckpointConflictException : EventStoreException
{
    /// <summary>A lost checkpoint.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="expectedEpoch">The owner epoch that the writer held.</param>
    /// <param name="actualEpoch">The owner epoch that the store has; 0 when there is no such consumer.</param>
    /// <param name="expectedPosition">The position that the writer believed to be stored.</param>
    /// <param name="actualPosition">The position that the store has.</param>
    public CheckpointConflictException(
        string consumer, long expectedEpoch, long actualEpoch, Position expectedPosition, Position actualPosition)
        : base(
            $"The checkpoint of {consumer} is not as expected: owner epoch {actualEpoch} instead of {expectedEpoch}, "
            + $"position {actualPosition} instead of {expectedPosition}.",
            innerException: null)
    {
        Consumer = consumer;
        ExpectedEpoch = expectedEpoch;
        ActualEpoch = actualEpoch;
        ExpectedPosition = expectedPosition;
        ActualPosition = actualPosition;
    }

    /// <summary>The consumer.</summary>
    public string Consumer { get; }

    /// <summary>The owner epoch that the writer held.</summary>
    public long ExpectedEpoch { get; }

    /// <summary>The owner epoch that the store has; 0 when there is no such consumer.</summary>
    public long ActualEpoch { get; }

    /// <summary>The position that the writer believed to be stored.</summary>
    public Position ExpectedPosition { get; }

    /// <summary>The position that the store has.</summary>
    public Position ActualPosition { get; }
}
