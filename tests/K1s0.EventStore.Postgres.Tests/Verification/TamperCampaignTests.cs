using System.Collections.Concurrent;
using System.Globalization;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>
/// Thousands of ways to change the tables behind the store's back, each found by the verifier that knows the last
/// published head, and no alarm where nothing was changed. <c>K1S0_TAMPERINGS</c> sets how many.
/// </summary>
public sealed class TamperCampaignTests(StoreDatabase database, ITestOutputHelper output) : IClassFixture<StoreDatabase>
{
    private const int UntouchedEvery = 50;

    // Events of a store and its part of the manipulations, in percent: one log has more than one tile.
    private static readonly (int Events, int Part)[] Stores = [(50, 32), (40, 32), (60, 32), (290, 4)];

    private static readonly int Count = int.Parse(
        Environment.GetEnvironmentVariable("K1S0_TAMPERINGS") is { Length: > 0 } count ? count : "10000",
        CultureInfo.InvariantCulture);

    private readonly ConcurrentDictionary<string, int> _found = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _missed = [];

    [Fact]
    [Trait("Row", "L02")]
    [Trait("Row", "L03")]
    [Trait("Row", "X16")]
    [Trait("PeerBug", "B27")]
    public async Task Every_manipulation_of_the_tables_is_found_and_nothing_else()
    {
        var seeds = SeededRandom.Create();
        await Task.WhenAll(Stores.Select(store =>
        {
            var random = new Random(seeds.Next());
            return Task.Run(() => RunAsync(random, store.Events, ((Count * store.Part) + 99) / 100));
        }));

        _missed.Should().BeEmpty();
        _found.Values.Sum().Should().BeGreaterThanOrEqualTo(Count);
        foreach (var (name, count) in _found.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{count,6} {name}");
        }
    }

    private async Task RunAsync(Random random, int events, int count)
    {
        await using var store = await TamperedStore.CreateAsync(database, random, events);
        for (var i = 0; i < count; i++)
        {
            if (i % UntouchedEvery == 0)
            {
                await store.ChangeAsync([], []);
                Expect("nothing", isValid: true, await store.VerifyAsync());
            }

            var name = await ChangeAsync(store, random);
            Expect(name, isValid: false, await store.VerifyAsync());
            _found.AddOrUpdate(name, 1, static (_, found) => found + 1);
        }
    }

    private static async Task<string> ChangeAsync(TamperedStore store, Random random)
    {
        if (random.Next(4) == 0)
        {
            await store.ChangeAsync(RewrittenStore.Tables, store.Rewrite(Rewriting.Change(store.Rows.All, random)));
            return "rewrite all that can be written";
        }

        while (true)
        {
            var tampering = Tamperings.All[random.Next(Tamperings.All.Count)];
            if (tampering.Sql(store.Rows, random) is { } sql)
            {
                await store.ChangeAsync(tampering.Tables, store.Statements(sql));
                return tampering.Name;
            }
        }
    }

    private void Expect(string name, bool isValid, StoreVerification verification)
    {
        if (verification.IsValid != isValid)
        {
            _missed.Enqueue($"{name}: {verification} {string.Join(" | ", verification.Findings)}");
        }
    }
}
