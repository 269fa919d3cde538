using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>One side of a session that moves a snapshot, whose frames go through the hands of a test.</summary>
internal sealed class SnapshotSide(
    SyncRole role,
    ISnapshotChunkStore store,
    SyncOptions options,
    bool takes = false,
    PeerRights? rights = null,
    Replica? replica = null,
    long maxBytes = SnapshotLimits.MaxBytes,
    bool gives = true)
{
    private readonly SnapshotLibrary _library = new(store);

    public SyncSession Session { get; } = new(
        role,
        replica ?? Some.NewReplica((int)role + 1),
        options.Checked(),
        rights: rights,
        givesSnapshots: gives,
        wanted: takes ? new SnapshotRequest(SomeSnapshots.Name, 1, maxBytes) : null);

    public Queue<byte[]> Sent { get; } = new();

    public SyncOutput.Ended? End { get; private set; }

    /// <summary>Called before the store does something.</summary>
    public Func<SnapshotWork, Task> BeforeWork { get; set; } = _ => Task.CompletedTask;

    public SnapshotReport Report => Session.Snapshot!;

    public DateTimeOffset Now { get; set; } = Some.Noon;

    public async Task StepAsync(SyncInput input)
    {
        var outputs = new Queue<SyncOutput>(Session.Step(input, Now));
        while (outputs.TryDequeue(out var output))
        {
            switch (output)
            {
                case SyncOutput.Send send:
                    Sent.Enqueue(send.Frame);
                    break;
                case SyncOutput.Snapshot snapshot:
                    await BeforeWork(snapshot.Work);
                    var result = await _library.DoAsync(snapshot.Work, CancellationToken.None);
                    Session.Step(new SyncInput.Snapshot(result), Now).ToList().ForEach(outputs.Enqueue);
                    break;
                case SyncOutput.Ended ended:
                    End = ended;
                    break;
                default:
                    throw new InvalidOperationException($"{output} was not expected.");
            }
        }
    }
}
