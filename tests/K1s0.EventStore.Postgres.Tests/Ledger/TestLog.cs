using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>A store with its log, and what a test needs to look behind them.</summary>
internal sealed class TestLog : IDisposable
{
    public const string Origin = "example.com/orders";

    private readonly PemTreeHeadSigner _signer;

    private TestLog(TestStore store, string pem)
    {
        _signer = PemTreeHeadSigner.Create(Origin, pem);
        PemFile = Path.GetTempFileName();
        File.WriteAllText(PemFile, pem);
        Store = store;
        Ledger = new PostgresLedgerStore(store.DataSource, store.Options);
        Proofs = new LedgerProofs(Ledger);
    }

    public TestStore Store { get; }

    public PostgresLedgerStore Ledger { get; }

    public LedgerProofs Proofs { get; }

    /// <summary>The private key, for other processes.</summary>
    public string PemFile { get; }

    public IReadOnlyCollection<VerifierKey> Keys => [_signer.Key];

    public static async Task<TestLog> CreateAsync(StoreDatabase database) =>
        await CreateAsync(await database.NewStoreAsync());

    public static Task<TestLog> CreateAsync(TestStore store)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Task.FromResult(new TestLog(store, key.ExportPkcs8PrivateKeyPem()));
    }

    /// <summary>The same log in a copy of the store.</summary>
    public TestLog In(TestStore copy) => new(copy, File.ReadAllText(PemFile));

    public void Dispose()
    {
        _signer.Dispose();
        File.Delete(PemFile);
    }

    public LedgerOptions Options(Action<LedgerOptions>? configure = null)
    {
        // The lease runs out when a test says so, and not because the machine is slow.
        var options = new LedgerOptions
        {
            Origin = Origin,
            Signers = { _signer },
            LeaseDuration = TimeSpan.FromHours(1),
        };
        configure?.Invoke(options);
        return options;
    }

    public LogSealer Sealer(Action<LedgerOptions>? configure = null, ILedgerStore? ledger = null) =>
        new(ledger ?? Ledger, Store.Leases, Options(configure));

    /// <summary>A verifier of the store and its log.</summary>
    public StoreVerifier Verifier(StoreVerifierOptions? options = null, TimeProvider? timeProvider = null) =>
        new(VerifiedRoles.Of(Store.Store, Ledger), options, timeProvider);

    public LogPublisher Publisher(IPublishedLog target, ILedgerStore? ledger = null) =>
        new(ledger ?? Ledger, Options(options => options.PublishTo = target));

    /// <summary>Appends to some streams, with gaps in the positions between the appends.</summary>
    public async Task AppendAsync(int count, Random random)
    {
        StreamId[] streams = [.. Enumerable.Range(0, 4).Select(_ => Some.Stream())];
        for (var appended = 0; appended < count;)
        {
            var size = Math.Min(count - appended, random.Next(1, 6));
            var stream = streams[random.Next(streams.Length)];
            await Store.Store.AppendAsync(stream, Some.Events(stream, size));
            appended += size;
            if (random.Next(3) == 0)
            {
                await Store.ScalarAsync<long>("select nextval('{s}.positions')");
            }
        }
    }

    /// <summary>Seals and signs until nothing is left.</summary>
    public async Task<SealedHead> SealAllAsync(LogSealer? sealer = null)
    {
        var own = sealer ?? Sealer();
        SealStep step;
        do
        {
            step = await own.SealAsync();
            step.IsLeader.Should().BeTrue();
            await own.SignAsync();
        }
        while (step.HasMore);

        if (sealer is null)
        {
            await own.ReleaseAsync();
        }

        return await Ledger.GetHeadAsync(CancellationToken.None);
    }

    /// <summary>Appends, seals and signs.</summary>
    public async Task<SealedHead> GrowAsync(int count, Random random, LogSealer? sealer = null)
    {
        await AppendAsync(count, random);
        return await SealAllAsync(sealer);
    }

    /// <summary>Returns when a copy on a standby has all that is here.</summary>
    public async Task CaughtUpAsync(TestLog copy)
    {
        var written = await Store.ScalarAsync<string>("select pg_current_wal_flush_lsn()::text");
        await Eventually.TrueAsync(
            () => copy.Store.ScalarAsync<bool>($"select pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"));
    }

    /// <summary>The lease of the sealer runs out now.</summary>
    public Task RunOutAsync() => Store.ExecuteAsync("update {s}.leases set expires_at = clock_timestamp()");

    /// <summary>Compares all that is stored of the log with a tree that is made of the feed alone.</summary>
    public async Task CheckAsync(long size)
    {
        var feed = (await Store.FeedAsync()).Take((int)size).ToArray();
        var head = await Ledger.GetHeadAsync(CancellationToken.None);
        var tree = new MerkleTree();
        foreach (var envelope in feed)
        {
            tree.Append(LeafRecord.Of(envelope).LeafHash());
        }

        (head.Size, head.Root).Should().Be((size, tree.Root));
        head.LastPosition.Should().Be(feed.Length == 0 ? Position.Start : feed[^1].Position);
        (await TileBuilder.LoadAsync(Ledger, size)).Root.Should().Be(tree.Root);
        foreach (var (index, envelope) in feed.Index())
        {
            var leaf = await Ledger.FindAsync(envelope.Id, CancellationToken.None);
            (leaf!.Index, leaf.Record).Should().Be((index, LeafRecord.Of(envelope)));
        }

        if (size > 0)
        {
            (await Ledger.ReadSealedAsync(0, (int)size, CancellationToken.None)).Should()
                .Equal(feed.Select(LeafRecord.Of));
        }

        await CheckHeadsAsync(feed);
    }

    /// <summary>Copies what is stored of the log, as a backup does.</summary>
    public Task BackUpAsync() => Store.ExecuteAsync(
        """
        create table {s}.saved_tiles as table {s}.tiles;
        create table {s}.saved_heads as table {s}.tree_heads;
        create table {s}.saved_runs as table {s}.leaf_runs
        """);

    /// <summary>Brings the log back to where it was backed up, past the guards.</summary>
    public Task RestoreAsync() => Store.ExecuteAsync(
        """
        set session_replication_role = replica;
        delete from {s}.tiles; insert into {s}.tiles table {s}.saved_tiles;
        delete from {s}.tree_heads; insert into {s}.tree_heads table {s}.saved_heads;
        delete from {s}.leaf_runs; insert into {s}.leaf_runs table {s}.saved_runs;
        reset session_replication_role
        """);

    /// <summary>Changes the last event of the feed past the guards, in a way that its chain still fits.</summary>
    public Task ChangeLastEventAsync() => Store.ExecuteAsync(
        """
        set session_replication_role = replica;
        update {s}.events set chain_hash = sha256(chain_hash) where position = (select max(position) from {s}.events);
        reset session_replication_role
        """);

    /// <summary>All that is stored of the log: equal before and after means that nothing changed.</summary>
    public Task<string> ContentAsync() => Store.ScalarAsync<string>(
        """
        select concat_ws(E'\n', 'log',
          (select string_agg(t::text, E'\n' order by level, tile_index) from {s}.tiles t),
          (select string_agg(h::text, E'\n' order by tree_size) from {s}.tree_heads h),
          (select string_agg(r::text, E'\n' order by first_index) from {s}.leaf_runs r))
        """);

    // Every head that was ever stored is the one of the feed's beginning, so no two of them fork.
    private async Task CheckHeadsAsync(EventEnvelope[] feed)
    {
        var (tree, sizes) = (new MerkleTree(), await Store.ColumnAsync<long>(
            "select tree_size from {s}.tree_heads order by tree_size"));
        var roots = await Store.ColumnAsync<byte[]>("select root from {s}.tree_heads order by tree_size");
        foreach (var (at, size) in sizes.Index())
        {
            while (tree.Size < size)
            {
                tree.Append(LeafRecord.Of(feed[tree.Size]).LeafHash());
            }

            new Sha256Digest(roots[at]).Should().Be(tree.Root, "the head of size {0}", size);
        }
    }
}
