namespace K1s0.EventStore.Sync.Tests;

/// <summary>One side of a session whose frames go through the hands of a test.</summary>
internal sealed class SessionSide(SyncRole role, Replica replica, SyncOptions options, InMemoryReplicaStore? store = null)
{
    public static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(number => (byte)number)];

    private SyncSession? _session;

    public Replica Replica => replica;

    public InMemoryReplicaStore Store { get; } = store ?? new InMemoryReplicaStore();

    public Queue<byte[]> Sent { get; } = new();

    public List<SyncReport> Reports { get; } = [];

    public SyncOutput.Ended? End { get; private set; }

    public SyncSession Session => _session ??= new SyncSession(
        role, replica, options.Checked(), Checkpoint, Rights, link: Link);

    public VectorClock? Checkpoint { get; init; }

    public PeerRights? Rights { get; init; }

    public LinkMeter? Link { get; init; }

    /// <summary>What came ahead of its turn, and when.</summary>
    public List<(SyncEvent Event, DateTimeOffset At)> Ahead { get; } = [];

    public DateTimeOffset Now { get; set; } = Some.Noon;

    public static SyncOptions Options() => new() { SharedKey = Key };

    /// <summary>Writes events and stores them.</summary>
    public async Task<SessionSide> WriteAsync(int count, string payload = "{}")
    {
        for (var i = 0; i < count; i++)
        {
            await Store.AppendAsync([replica.Write(Some.Envelope(payload: payload))]);
        }

        return this;
    }

    public async Task StepAsync(SyncInput input)
    {
        var outputs = new Queue<SyncOutput>(Session.Step(input, Now));
        while (outputs.TryDequeue(out var output))
        {
            SyncInput? next = null;
            switch (output)
            {
                case SyncOutput.Send send:
                    Sent.Enqueue(send.Frame);
                    break;
                case SyncOutput.Read read:
                    next = new SyncInput.EventsRead(
                        await Store.ReadAsync(read.After, read.UpTo, read.MaxEvents, read.MaxBytes));
                    break;
                case SyncOutput.Store stored:
                    await Store.AppendAsync(stored.Events);
                    Ahead.AddRange(stored.Ahead.Select(ahead => (ahead, Now)));
                    next = new SyncInput.EventsStored();
                    break;
                case SyncOutput.RoundEnded ended:
                    Reports.Add(ended.Report);
                    break;
                case SyncOutput.Ended ended:
                    End = ended;
                    break;
                default:
                    throw new InvalidOperationException($"{output} was not expected.");
            }

            if (next is not null)
            {
                foreach (var more in Session.Step(next, Now))
                {
                    outputs.Enqueue(more);
                }
            }
        }
    }
}
