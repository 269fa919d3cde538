using K1s0.EventStore.Samples.Projections.Domain;

namespace K1s0.EventStore.Samples.Projections;

/// <summary>Moves money between accounts, as fast as it can, until it is told to stop.</summary>
internal sealed class Bank(IEventAppender appender, TimeProvider timeProvider)
{
    private const int Accounts = 40;
    private const int MostCents = 10_000;

    // New names each time: runs on one database do not meet.
    private readonly StreamId[] _accounts =
    [
        .. Enumerable.Range(0, Accounts).Select(_ => new StreamId(
            AccountEvents.StreamType, Guid.CreateVersion7(timeProvider.GetUtcNow()).ToString("N"))),
    ];

    private long _appended;

    /// <summary>How many events were appended.</summary>
    public long Appended => Interlocked.Read(ref _appended);

    public async Task WorkAsync(int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        while (!stop.IsCancellationRequested)
        {
            var (from, to) = (random.Next(Accounts), random.Next(Accounts));
            var cents = random.Next(1, MostCents);

            // A transfer is one append to two streams; a deposit is an append to one.
            await appender.AppendAsync(
                from == to
                    ? [new StreamAppend(_accounts[to], [AccountEvents.Deposit(_accounts[to], cents)])]
                    :
                    [
                        new StreamAppend(_accounts[from], [AccountEvents.Withdraw(_accounts[from], cents)]),
                        new StreamAppend(_accounts[to], [AccountEvents.Deposit(_accounts[to], cents)]),
                    ],
                CancellationToken.None);
            Interlocked.Add(ref _appended, from == to ? 1 : 2);
        }
    }

    /// <summary>Appends one deposit.</summary>
    /// <returns>The account, and where the event is.</returns>
    public async Task<(StreamId Account, AppendResult Result)> DepositAsync(
        long cents, CancellationToken cancellationToken)
    {
        var account = _accounts[0];
        var results = await appender.AppendAsync(
            [new StreamAppend(account, [AccountEvents.Deposit(account, cents)])], cancellationToken);
        Interlocked.Increment(ref _appended);
        return (account, results[0]);
    }
}
