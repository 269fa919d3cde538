using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Sqlite.Tests.Registration;

[Collection(nameof(AloneInTheProcess))]
public sealed class RegistrationTests : IDisposable
{
    private static readonly string[] Names = [SqliteEnvironment.FilePath, SqliteEnvironment.BatchSize];

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _before =
        Names.ToDictionary(name => name, Environment.GetEnvironmentVariable, StringComparer.Ordinal);

    private string Path => _folder.File("store.db");

    public void Dispose()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task A_file_name_is_all_that_an_application_needs()
    {
        var stream = Some.Stream();
        await using (var provider = new ServiceCollection()
            .AddEventStore().UseSqlite(Path).Services.BuildServiceProvider(validateScopes: true))
        {
            await provider.GetRequiredService<IEventStore>().AppendAsync(stream, Some.Events(stream, 2), 0);
            await provider.GetRequiredService<ISnapshotStore>().SaveAsync(stream, 2, "state");
            await provider.GetRequiredService<ICheckpointStore>().ClaimAsync("consumer", "owner");
        }

        // Without a host, and disposed with the container: everything is in the one file.
        Directory.GetFiles(_folder.FullName).Should().Equal([Path]);
        await using var store = new TestStore(Path);
        (await store.Store.LoadAsync(stream)).Should().HaveCount(2);
        (await store.Snapshots.LoadLatestAsync<string>(stream))!.State.Should().Be("state");
        (await store.Checkpoints.ClaimAsync("consumer", "other")).Epoch.Should().Be(2);
    }

    [Fact]
    public async Task A_host_opens_the_file_when_it_starts_and_injects_every_role()
    {
        using var host = Build(services => services.AddEventStore().UseSqlite(Path).UseSqlite(Path));

        await host.StartAsync();

        File.Exists(Path).Should().BeTrue();
        var provider = host.Services;
        object[] roles =
        [
            provider.GetRequiredService<IEventStore>(), provider.GetRequiredService<IEventAppender>(),
            provider.GetRequiredService<IStreamReader>(), provider.GetRequiredService<IFeedReader>(),
        ];
        roles.Distinct().Should().ContainSingle("one store fills them all");
        provider.GetRequiredService<SqliteStoreFile>().FilePath.Should().Be(Path);
        provider.GetRequiredService<SqliteEventStore>().Should().NotBeNull();
        provider.GetRequiredService<SqliteSnapshotStore>()
            .Should().BeSameAs(provider.GetRequiredService<ISnapshotStore>());
        provider.GetRequiredService<SqliteCheckpointStore>()
            .Should().BeSameAs(provider.GetRequiredService<ICheckpointStore>());
        await host.StopAsync();
    }

    [Fact]
    public async Task A_host_does_not_start_on_a_file_that_cannot_be_used()
    {
        await File.WriteAllTextAsync(Path, new string('x', 5_000));
        using var host = Build(services => services.AddEventStore().UseSqlite(Path));

        await Assert.ThrowsAsync<StoreOperationException>(() => host.StartAsync());
    }

    [Fact]
    public async Task Options_come_from_the_environment_then_from_configuration_and_code()
    {
        Environment.SetEnvironmentVariable(SqliteEnvironment.FilePath, Path);
        Environment.SetEnvironmentVariable(SqliteEnvironment.BatchSize, "33");
        var section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["EventStore:FilePath"] = _folder.File("configured.db"),
            ["EventStore:Durability"] = "processcrash",
            ["EventStore:BusyTimeout"] = "00:00:02",
            ["EventStore:MaxReaders"] = "2",
            ["EventStore:MaxQueuedWrites"] = "50",
            ["EventStore:MigrateOnOpen"] = "true",
        }).Build().GetSection("EventStore");
        using var host = Build(services => services.AddEventStore()
            .UseSqlite().UseSqlite(section, "configured").UseSqlite(_folder.File("code.db"), "code"));

        await host.StartAsync();

        var options = host.Services.GetRequiredService<IOptionsMonitor<SqliteOptions>>();
        (options.Get("").FilePath, options.Get("").PageSize).Should().Be((Path, 33));
        var configured = options.Get("configured");
        configured.FilePath.Should().Be(_folder.File("configured.db"));
        configured.Durability.Should().Be(SqliteDurability.ProcessCrash);
        configured.BusyTimeout.Should().Be(TimeSpan.FromSeconds(2));
        (configured.MaxReaders, configured.MaxQueuedWrites, configured.PageSize).Should().Be((2, 50, 33));
        options.Get("code").FilePath.Should().Be(_folder.File("code.db"));
        File.Exists(_folder.File("code.db")).Should().BeTrue();
        await host.StopAsync();
    }

    [Fact]
    public async Task Stores_under_different_names_share_nothing()
    {
        using var host = Build(services => services.AddEventStore()
            .UseSqlite(_folder.File("a.db"), "a").UseSqlite(_folder.File("b.db"), "b").UseInMemory());
        await host.StartAsync();
        var stream = Some.Stream();
        var (a, b) = (Store("a"), Store("b"));
        await a.AppendAsync(stream, Some.Events(stream, 3), 0);

        (await b.ExistsAsync(stream)).Should().BeFalse();
        (await b.AppendAsync(stream, Some.Events(stream, 1), 0)).LastPosition.Value.Should().Be(1);
        await host.StopAsync();

        IEventStore Store(string name) => host.Services.GetRequiredKeyedService<IEventStore>(name);
    }

    [Fact]
    public void Two_backends_under_one_name_are_refused()
    {
        var builder = new ServiceCollection().AddEventStore().UseInMemory();

        Assert.Throws<InvalidOperationException>(() => builder.UseSqlite(Path))
            .Message.Should().Contain(nameof(InMemoryEventStore));
    }

    [Theory]
    [InlineData("FilePath", "")]
    [InlineData("FilePath", ":memory:")]
    [InlineData("PageSize", "0")]
    [InlineData("PageSize", "10001")]
    [InlineData("MaxReaders", "0")]
    [InlineData("MaxReaders", "65")]
    [InlineData("MaxQueuedWrites", "0")]
    [InlineData("BusyTimeout", "00:00:00.5")]
    [InlineData("BusyTimeout", "00:10:01")]
    [InlineData("Durability", "7")]
    public async Task An_option_out_of_its_range_stops_the_start_and_is_named(string option, string value)
    {
        var section = Section(option, value);
        using var host = Build(services => services.AddEventStore().UseSqlite(section));

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        refusal.Message.Should().Contain(option);
        Directory.GetFiles(_folder.FullName).Should().BeEmpty();
    }

    [Theory]
    [InlineData("PageSize", "many")]
    [InlineData("MigrateOnOpen", "perhaps")]
    [InlineData("Durability", "eternal")]
    public async Task A_value_that_cannot_be_read_stops_the_start_and_is_named(string option, string value)
    {
        using var host = Build(services => services.AddEventStore().UseSqlite(Section(option, value)));

        (await Assert.ThrowsAsync<FormatException>(() => host.StartAsync())).Message.Should().Contain(option);
    }

    [Fact]
    public async Task A_batch_size_in_the_environment_that_is_no_number_is_named()
    {
        Environment.SetEnvironmentVariable(SqliteEnvironment.BatchSize, "many");
        using var host = Build(services => services.AddEventStore().UseSqlite(Path));

        (await Assert.ThrowsAsync<FormatException>(() => host.StartAsync()))
            .Message.Should().Contain(SqliteEnvironment.BatchSize);
    }

    private static IHost Build(Action<IServiceCollection> register)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        register(builder.Services);
        return builder.Build();
    }

    private IConfigurationSection Section(string option, string value) =>
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["EventStore:FilePath"] = Path,
            [$"EventStore:{option}"] = value,
        }).Build().GetSection("EventStore");
}
