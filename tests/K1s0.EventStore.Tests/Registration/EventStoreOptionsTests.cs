using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Tests;

public sealed class EventStoreOptionsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, int, int> Ranges => new()
    {
        { nameof(EventStoreOptions.MaxEventsPerAppend), 1, 10_000 },
        { nameof(EventStoreOptions.MaxStreamsPerAppend), 1, 1_000 },
        { nameof(EventStoreOptions.MaxPayloadBytes), 2, 64 * 1024 * 1024 },
        { nameof(EventStoreOptions.MaxMetadataBytes), 2, 1024 * 1024 },
        { nameof(EventStoreOptions.MaxJsonDepth), 1, EventStoreOptions.MaxSupportedJsonDepth },
        { nameof(EventStoreOptions.SnapshotInterval), 1, 1_000_000 },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public async Task A_value_at_the_ends_of_its_range_is_accepted_when_the_application_starts(
        string name, int least, int most)
    {
        foreach (var value in new[] { least, most })
        {
            using var host = HostWith(name, value);

            await host.StartAsync(Token);

            var options = host.Services.GetRequiredService<IOptions<EventStoreOptions>>().Value;
            typeof(EventStoreOptions).GetProperty(name)!.GetValue(options).Should().Be(value);
            await host.StopAsync(Token);
        }
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public async Task A_value_out_of_its_range_is_refused_when_the_application_starts(string name, int least, int most)
    {
        foreach (var value in new[] { least - 1, most + 1, int.MinValue, int.MaxValue })
        {
            using var host = HostWith(name, value);

            var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

            refusal.Message.Should().Contain(name);
        }
    }

    [Fact]
    public async Task The_defaults_are_accepted_and_are_the_documented_ones()
    {
        using var host = HostWith(nameof(EventStoreOptions.SnapshotInterval), 100);
        await host.StartAsync(Token);

        host.Services.GetRequiredService<IOptions<EventStoreOptions>>().Value.Should().BeEquivalentTo(new
        {
            MaxEventsPerAppend = 1_000,
            MaxStreamsPerAppend = 100,
            MaxPayloadBytes = 1_048_576,
            MaxMetadataBytes = 65_536,
            MaxJsonDepth = 64,
            SnapshotInterval = 100,
            SerializerOptions = default(System.Text.Json.JsonSerializerOptions),
        });
        await host.StopAsync(Token);
    }

    private static IHost HostWith(string name, int value)
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddEventStore(
            options => typeof(EventStoreOptions).GetProperty(name)!.SetValue(options, value)).UseInMemory();
        return builder.Build();
    }
}
