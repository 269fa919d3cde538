using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A coordinator and some participants, each with a store of its own.</summary>
internal sealed class TransactionNodes
{
    public const string CoordinatorName = "coordinator";

    private readonly Dictionary<string, ITransactionPeer> _peers = new(StringComparer.Ordinal);

    public TransactionNodes()
    {
        Options = new TransactionOptions { OnDamage = Damage.Add };
        Coordinator = new TransactionCoordinator(CoordinatorName, Decisions, Find, Options, Time);
        _peers.Add(CoordinatorName, Coordinator);
    }

    public ManualTime Time { get; } = new(Some.Noon);

    public List<TransactionDamage> Damage { get; } = [];

    public TransactionOptions Options { get; }

    public InMemoryEventStore Decisions { get; } = new();

    public TransactionCoordinator Coordinator { get; }

    public static EventEnvelope Booked(StreamId account) =>
        EventEnvelope.Create(account, "booked", "{}"u8.ToArray(), timeProvider: new ManualTime(Some.Noon));

    public static StreamAppend Booking(StreamId account) => new(account, [Booked(account)]);

    public static PreparedWork Work(StreamAppend append, params string[] participants) =>
        new(Guid.CreateVersion7(Some.Noon), CoordinatorName, participants, [append]);

    public static Dictionary<string, IReadOnlyList<StreamAppend>> Work(
        params (string Name, IReadOnlyList<StreamAppend> Appends)[] work) =>
        work.ToDictionary(one => one.Name, one => one.Appends, StringComparer.Ordinal);

    public static Task<IReadOnlyList<EventEnvelope>> OutcomeAsync(IEventStore store, string name, Guid id) =>
        store.LoadAsync(new StreamId("k1s0-sync-outcome", $"{name}/{id}"));

    public TransactionParticipant Add(string name, IEventStore store)
    {
        var participant = new TransactionParticipant(name, store, Options, Time);
        _peers.Add(name, participant);
        return participant;
    }

    public ScriptedPeer Script(string name)
    {
        var scripted = new ScriptedPeer(_peers[name]);
        _peers[name] = scripted;
        return scripted;
    }

    public ITransactionPeer? Find(string name) => _peers.GetValueOrDefault(name);
}
