namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>Changes a stored event in a way that the store cannot notice; how depends on the store.</summary>
internal interface ITampering
{
    /// <summary>How it is done, for the reader.</summary>
    string Description { get; }

    /// <summary>Turns the price of an event of type ItemAdded from 6 into 5: one byte.</summary>
    /// <returns>The stream as a reader sees it now. The store is as before when the method returns.</returns>
    Task<IReadOnlyList<EventEnvelope>> MakeItemsCheaperAsync(
        StreamId streamId, long version, CancellationToken cancellationToken);
}
