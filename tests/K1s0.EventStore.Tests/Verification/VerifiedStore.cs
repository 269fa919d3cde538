using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>A store in memory with its sealed log, and a copy of it to tamper with.</summary>
internal sealed class VerifiedStore
{
    public const string Origin = "example.com/verified";

    private VerifiedStore(InMemoryEventStore store, TamperedCopy copy, ILedgerStore ledger, TreeHead head, VerifierKey key)
    {
        (Store, Copy, Ledger, Head, Key) = (store, copy, ledger, head, key);
        Streams = [.. copy.Feed.Select(envelope => envelope.StreamId).Distinct()];
    }

    public InMemoryEventStore Store { get; }

    public TamperedCopy Copy { get; }

    public ILedgerStore Ledger { get; }

    /// <summary>The head that was published.</summary>
    public TreeHead Head { get; }

    public VerifierKey Key { get; }

    public IReadOnlyList<StreamId> Streams { get; }

    public List<EventEnvelope> Feed => Copy.Feed;

    /// <summary>Some streams of some events, mixed.</summary>
    public static async Task<VerifiedStore> CreateAsync(int streams = 5, int eventsPerStream = 8)
    {
        var store = new InMemoryEventStore();
        for (var version = 1; version <= eventsPerStream; version++)
        {
            for (var stream = 0; stream < streams; stream++)
            {
                var id = new StreamId("order", $"{stream:00000}");
                await store.AppendAsync(
                    id,
                    [EventEnvelope.Create(
                        id,
                        "ItemAdded",
                        System.Text.Encoding.UTF8.GetBytes($$"""{"quantity":{{(stream * 1_000) + version}}}"""),
                        new EventMetadata { Actor = "alice" })],
                    version - 1);
            }
        }

        var leases = new InMemoryLeaseStore();
        var ledger = new InMemoryLedgerStore(store, leases);
        using var signer = Signers.Ed25519(Origin, 3);
        var sealer = new LogSealer(ledger, leases, new LedgerOptions { Origin = Origin, Signers = { signer } });
        while ((await sealer.SealAsync()).HasMore)
        {
            await sealer.SignAsync();
        }

        var head = (await sealer.SignAsync())!;
        return new VerifiedStore(
            store, await TamperedCopy.OfAsync(store), ledger, TreeHead.Parse(head.Note!.Text), signer.Key);
    }

    /// <summary>The index of an event in the feed.</summary>
    public int At(int stream, long version) => Feed.FindIndex(
        envelope => envelope.StreamId == Streams[stream] && envelope.Version == version);

    public void Change(int stream, long version, Func<EventEnvelope, EventEnvelope> change)
    {
        var at = At(stream, version);
        Feed[at] = change(Feed[at]);
    }

    /// <summary>Computes all digests, links and versions anew, and the books.</summary>
    public void Rewrite()
    {
        var heads = new Dictionary<StreamId, EventEnvelope>();
        for (var i = 0; i < Feed.Count; i++)
        {
            var last = heads.GetValueOrDefault(Feed[i].StreamId);
            var tag = StreamChain.Tag(Feed[i].StreamId);
            var (version, content) = ((last?.Version ?? 0) + 1, ContentDigest.Compute(Feed[i]));
            heads[Feed[i].StreamId] = Feed[i] = Feed[i] with
            {
                Version = version,
                Position = new Position(i + 1),
                PreviousEventId = last?.Id ?? Guid.Empty,
                ContentDigest = content,
                ChainHash = StreamChain.Next(tag, version, last?.ChainHash ?? StreamChain.Genesis(tag), content),
            };
        }

        Copy.Rebook();
    }

    /// <summary>This store's log, with a signature that was made for another one and is left in its place.</summary>
    public SteeredLedger SignedAs(VerifiedStore other) => new(Ledger)
    {
        SignedHead = _ => other.Ledger.GetSignedHeadAsync(CancellationToken.None),
    };

    /// <summary>Verifies without a log.</summary>
    public Task<StoreVerification> VerifyAsync(
        VerificationScope? scope = null, StoreVerifierOptions? options = null) =>
        new StoreVerifier(VerifiedRoles.Of(Copy), options).VerifyAsync(scope);

    /// <summary>Verifies against the log, and the head that was published.</summary>
    public Task<StoreVerification> VerifyWithLogAsync(VerificationScope? scope = null) =>
        new StoreVerifier(VerifiedRoles.Of(Copy, Ledger)).VerifyAsync(
            (scope ?? new VerificationScope()) with { KnownHead = Head, Keys = [Key] });
}
