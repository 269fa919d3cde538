namespace K1s0.EventStore.Conformance;

/// <summary>One store under test, in all of its roles.</summary>
/// <remarks>
/// The data may be shared with other tests: every test uses streams of its own and reads the feed from where it stood
/// when the test began. Disposing it ends the instance, not necessarily the data.
/// </remarks>
public interface IConformanceStore : IAsyncDisposable
{
    IEventStore Store { get; }

    IEventAppender Appender { get; }

    IStreamReader Streams { get; }

    IFeedReader Feed { get; }

    ISnapshotStore Snapshots { get; }

    ICheckpointStore Checkpoints { get; }

    ILeaseStore Leases { get; }

    ILedgerStore Ledger { get; }

    IParkedEventStore Parked { get; }

    /// <summary>The limits that this instance keeps to.</summary>
    EventStoreOptions Options { get; }

    /// <summary>
    /// Another instance over the same data, as another process would have it: nothing that the first one keeps in
    /// memory is known to it. A store whose data live in the instance hands out the same one again.
    /// </summary>
    Task<IConformanceStore> OpenAnotherAsync();

    /// <summary>Lets the time of a lease pass, as the store's clock has it: it has run out when this returns.</summary>
    Task RunOutAsync(Lease lease);
}
