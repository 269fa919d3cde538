namespace K1s0.EventStore.Postgres.Tests.Schema;

/// <summary>A store that is made without a container checks its options too.</summary>
public sealed class DirectOptionsTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    public static TheoryData<string, Action<PostgresOptions>> Faults => new()
    {
        { nameof(PostgresOptions.MaxWriters), options => options.MaxWriters = 0 },
        { nameof(PostgresOptions.MaxQueuedAppends), options => options.MaxQueuedAppends = 0 },
        { nameof(PostgresOptions.MaxRetries), options => options.MaxRetries = -1 },
        { nameof(PostgresOptions.PageSize), options => options.PageSize = 0 },
        { nameof(PostgresOptions.CommandTimeout), options => options.CommandTimeout = TimeSpan.Zero },
        { nameof(PostgresOptions.RetryDelay), options => options.RetryDelay = TimeSpan.FromMinutes(1) },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    [Trait("Row", "K09")]
    public void An_option_out_of_its_range_is_named_and_refused(string option, Action<PostgresOptions> spoil)
    {
        var options = new PostgresOptions();
        spoil(options);

        FluentActions.Invoking(() => new PostgresEventStore(database.DataSource, options))
            .Should().Throw<ArgumentException>().WithMessage($"*{option}*");
        FluentActions.Invoking(() => new PostgresSchema(database.DataSource, options))
            .Should().Throw<ArgumentException>().WithMessage($"*{option}*");
    }
}
