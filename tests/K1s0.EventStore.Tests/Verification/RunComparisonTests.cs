namespace K1s0.EventStore.Tests;

/// <summary>Runs that come while they are read are about leaves that come meanwhile; others are about none.</summary>
public sealed class RunComparisonTests
{
    private const int PageSize = 1_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_of_batches_that_are_sealed_between_two_pages_are_in_order()
    {
        var (findings, size) = (new FindingList(10), 2L);
        var ledger = await LedgerAsync(() => size, PageSize + 20, onPage: () => size += PageSize + 5);

        await RunAsync(ledger, findings);

        findings.ToArray().Should().BeEmpty();
    }

    [Fact]
    public async Task Runs_beyond_the_log_are_found_on_every_page()
    {
        var findings = new FindingList(10);
        var ledger = await LedgerAsync(() => PageSize + 2, PageSize + 5, onPage: static () => { });

        await RunAsync(ledger, findings);

        findings.ToArray().Should().HaveCount(3).And.OnlyContain(finding => finding.Kind == StoreFindingKind.Misfiled);
    }

    private static async Task RunAsync(SteeredLedger ledger, FindingList findings)
    {
        var head = SealedHead.Empty with { Size = 2, LastPosition = new Position(2) };
        var events = Enumerable.Range(1, 2).Select(
            i => EventEnvelope.Create(new StreamId("order", "1"), "ItemAdded", "{}"u8.ToArray()) with
            {
                Position = new Position(i),
            });
        var runs = new RunComparison(ledger, head, findings);
        await runs.CompareAsync(0, events, Cancellation);
        await runs.EndAsync(Cancellation);
    }

    // A run a leaf, all read at the beginning of a page; behind the first two leaves with a gap in the positions.
    private static async Task<SteeredLedger> LedgerAsync(Func<long> size, int count, Action onPage)
    {
        var store = await VerifiedStore.CreateAsync(streams: 2, eventsPerStream: 1);
        LeafRun[] runs =
        [
            .. Enumerable.Range(0, count).Select(i => new LeafRun(i, new Position(i < 2 ? i + 1 : i + 10))),
        ];
        return new SteeredLedger(store.Ledger)
        {
            Head = async answer => (await answer) with { Size = size() },
            Runs = (from, _) =>
            {
                onPage();
                return Task.FromResult<IReadOnlyList<LeafRun>>([.. runs.Skip((int)from).Take(PageSize)]);
            },
        };
    }
}
