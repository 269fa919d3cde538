using System.Text;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>The arithmetic, against values that were computed by hand.</summary>
public sealed class CostModelTests
{
    private const long Mib = 1L << 20;
    private const decimal Month = CostModel.DaysPerMonth;

    private readonly CostModel _model = new();

    [Theory]
    [InlineData(StorageClass.Standard, 1024 * Mib, 0.023)]
    [InlineData(StorageClass.InfrequentAccess, 1024 * Mib, 0.0125)]
    [InlineData(StorageClass.InstantArchive, 1024 * Mib, 0.004)]
    // 20 KiB are charged as 128 KiB: 0.004 / 8192.
    [InlineData(StorageClass.InstantArchive, 20 * 1024, 0.00000048828125)]
    // Nothing but the overhead: 8 KiB * 0.023 + 32 KiB * 0.00099.
    [InlineData(StorageClass.DeepArchive, 0, 0.000000205688476562500)]
    [InlineData(StorageClass.DeepArchive, 1024 * Mib, 0.000990205688476562500)]
    public void An_object_costs_its_bytes_its_overhead_and_at_least_the_least_size(
        StorageClass storageClass, long bytes, double expected) =>
        ((double)_model.StoragePerMonth(storageClass, bytes)).Should().BeApproximately(expected, 1e-15);

    [Fact]
    public void What_leaves_a_class_early_is_charged_for_the_rest()
    {
        // 90 - 60 days of 0.004 a month of 365/12 days.
        _model.EarlyRemoval(StorageClass.InstantArchive, 1024 * Mib, 60)
            .Should().BeApproximately(0.004m * 30 / Month, 1e-12m);
        _model.EarlyRemoval(StorageClass.InstantArchive, 1024 * Mib, 90).Should().Be(0);
        _model.EarlyRemoval(StorageClass.Standard, 1024 * Mib, 0).Should().Be(0);
    }

    [Theory]
    [InlineData(StorageClass.Standard, RestorePriority.Bulk, 0.0000004, 0)]
    [InlineData(StorageClass.InstantArchive, RestorePriority.Standard, 0.00001, 0.03)]
    [InlineData(StorageClass.FlexibleArchive, RestorePriority.Expedited, 0.0100004, 0.03)]
    [InlineData(StorageClass.FlexibleArchive, RestorePriority.Bulk, 0.0000004, 0)]
    [InlineData(StorageClass.DeepArchive, RestorePriority.Standard, 0.0001004, 0.02)]
    public void A_read_costs_its_request_its_restore_and_its_bytes(
        StorageClass storageClass, RestorePriority priority, double requests, double retrieval)
    {
        var read = _model.Read(storageClass, 1024 * Mib, priority);

        ((double)read.Requests).Should().BeApproximately(requests, 1e-12);
        ((double)read.Retrieval).Should().BeApproximately(retrieval, 1e-12);
    }

    [Fact]
    public void A_restore_that_does_not_exist_has_no_price() =>
        FluentActions.Invoking(() => _model.Read(StorageClass.DeepArchive, 1, RestorePriority.Expedited))
            .Should().Throw<ArgumentException>();

    [Fact]
    public void A_move_is_worth_it_for_large_objects_sooner_than_for_small_ones()
    {
        // 5e-5 a move; 0.00301 less a GB-month, and 2.057e-7 of overhead a month: 16.7 MiB are even after a month, but
        // for the 180 days that are charged at least.
        _model.SavingOfMove(StorageClass.InstantArchive, StorageClass.DeepArchive, 1024 * Mib, 400, 12 * Month)
            .Should().BeApproximately((12 * (0.00301m - 0.000000205688m)) - 0.00005m, 1e-9m);
        _model.SavingOfMove(StorageClass.InstantArchive, StorageClass.DeepArchive, 2 * Mib, 400, 12 * Month)
            .Should().BePositive();
        _model.SavingOfMove(StorageClass.InstantArchive, StorageClass.DeepArchive, 1 * Mib, 400, 12 * Month)
            .Should().BeNegative();
        _model.SavingOfMove(StorageClass.Standard, StorageClass.DeepArchive, 4 * 1024, 400, 84 * Month)
            .Should().BeNegative("40 KiB of overhead");

        // Thirty days of 0.0125 that were not used, and 60 of 0.004 that will not be.
        _model.SavingOfMove(StorageClass.InfrequentAccess, StorageClass.InstantArchive, 1024 * Mib, 0, 30)
            .Should().BeApproximately(
                (30 / Month * (0.0125m - 0.004m)) - 0.00002m - (30 / Month * 0.0125m) - (60 / Month * 0.004m), 1e-9m);
    }

    [Theory]
    [InlineData(1, 11, 72, 16, 0.0017146)]
    [InlineData(1, 11, 72, 1, 0.0027410)]
    [InlineData(3, 9, 72, 16, 0.0021670)]
    [InlineData(1, 11, 24, 16, 0.0026632)]
    [InlineData(1, 2, 9, 16, 0.0037357)]
    public void A_life_without_reads_costs_what_was_computed_by_hand(
        int standard, int instant, int deep, int mib, double perStoredGbMonth)
    {
        // For 1/11/72 and 16 MiB: (0.023 + 11 * 0.004 + 72 * 0.00099) / 84 = 0.00164619 for storage, 64 * (5e-6 + 2e-5
        // + 5e-5) / 84 = 0.00005714 for requests, 64 * 72 * 2.0569e-7 / 84 = 0.00001128 for overhead.
        LifeStage[] stages =
        [
            new(StorageClass.Standard, standard * Month),
            new(StorageClass.InstantArchive, instant * Month),
            new(StorageClass.DeepArchive, deep * Month),
        ];
        var cost = _model.Of(new ObjectLife(mib * Mib, 3 * mib * Mib, stages) { ReadsPerYear = 0 });

        var early = instant == 2 ? 0.004 * (90 - (2 * (double)Month)) / (double)Month / 12 : 0;
        ((double)cost.PerStoredGbMonth).Should().BeApproximately(perStoredGbMonth + early, 2e-6);
        cost.PerLogicalGbMonth.Should().BeApproximately(cost.PerStoredGbMonth / 3, 1e-12m);
    }

    [Fact]
    [Trait("Row", "L18")]
    public void Seven_years_cost_below_a_tenth_of_a_cent_for_a_gigabyte_of_events_with_every_charge_in()
    {
        // 70 % smaller, the least that batches of realistic events are; one audit a year, each object made of sixty.
        var life = new ObjectLife(16 * Mib, (long)(16 * Mib / 0.3), LifecyclePolicy.Default.StagesOf(7 * 365))
        {
            CompactedFrom = 60,
        };

        var cost = _model.Of(life);

        cost.PerLogicalGbMonth.Should().BeLessThan(0.001m);
        cost.SavingPercent.Should().BeGreaterThan(95);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{cost.PerLogicalGbMonth:0.000000} USD per logical GB-month, {cost.SavingPercent:0.0} % less than plain");
        _model.Of(life with { Stages = [new LifeStage(StorageClass.Standard, 7 * 365)] }).PerLogicalGbMonth
            .Should().BeGreaterThan(0.005m).And.BeLessThan(0.01m);
    }

    [Fact]
    public void The_default_prices_say_whose_they_are_and_since_when()
    {
        PriceTable.Default.Currency.Should().Be("USD");
        PriceTable.Default.Date.Year.Should().BeGreaterThan(2025);
        PriceTable.Default.Source.Should().NotBeEmpty().And.NotContain("://");
        Enum.GetValues<StorageClass>().Should().OnlyContain(known => PriceTable.Default[known].StoragePerGbMonth > 0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"name":"x","currency":"EUR","date":"2026-01-01","source":"x","classes":{}}""")]
    [InlineData("""{"name":"x","currency":"EUR","date":"2026-01-01","source":"x","classes":{"Standard":null}}""")]
    public void What_is_no_price_table_is_refused(string json) =>
        FluentActions.Invoking(() => PriceTable.Parse(Encoding.UTF8.GetBytes(json)))
            .Should().Throw<InvalidFormatException>();

    [Fact]
    public void Other_prices_are_taken_from_data_and_negative_ones_are_not()
    {
        var json = """
            {"name":"own","currency":"EUR","date":"2026-01-01","source":"our cellar","classes":{"Standard":{
            "storagePerGbMonth":0.01,"putPer1000":0,"getPer1000":0,"moveHerePer1000":0,"retrievalPerGb":{"Standard":0},
            "restorePer1000":{},"minimumDays":0,"minimumObjectBytes":0,"overheadBytes":0,"overheadBytesInStandard":0}}}
            """;

        var own = new CostModel(PriceTable.Parse(Encoding.UTF8.GetBytes(json)));

        own.StoragePerMonth(StorageClass.Standard, 512 * Mib).Should().Be(0.005m);
        FluentActions.Invoking(() => own.Put(StorageClass.DeepArchive)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => PriceTable.Parse(Encoding.UTF8.GetBytes(json.Replace("0.01", "-0.01", StringComparison.Ordinal))))
            .Should().Throw<InvalidFormatException>();
    }
}
