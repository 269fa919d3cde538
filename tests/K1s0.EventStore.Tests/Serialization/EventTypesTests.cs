using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace K1s0.EventStore.Tests.Serialization;

public sealed class EventTypesTests
{
    [Fact]
    public void A_name_and_a_type_stand_once()
    {
        var name = Assert.Throws<EventTypeConflictException>(
            () => new EventTypes().Add("put", UpcastJson.Default.NamePut).Add("put", UpcastJson.Default.PricePut));
        var type = Assert.Throws<EventTypeConflictException>(
            () => new EventTypes().Add("a", UpcastJson.Default.NamePut).Add("b", UpcastJson.Default.NamePut, 2));
        var upcaster = Assert.Throws<EventTypeConflictException>(() => new EventTypes().Drop("a").Drop("a"));

        (name.EventType, name.PayloadType).Should().Be(("put", typeof(PricePut)));
        name.Message.Should().Contain(nameof(NamePut));
        (type.EventType, type.SchemaVersion).Should().Be(("b", 2));
        type.Message.Should().Contain("as a already");
        (upcaster.EventType, upcaster.SchemaVersion, upcaster.PayloadType).Should().Be(("a", 1, null));
    }

    [Fact]
    public void An_upcaster_that_leads_nowhere_or_in_a_circle_or_hides_a_type_is_found_before_an_event_is()
    {
        EventTypes[] wrong =
        [
            EventSerializerTests.Types().Rename("a", 1, "b"),
            EventSerializerTests.Types().Rename("a", 1, "price-put", 4),
            EventSerializerTests.Types().Reshape("name-put", 2, _ => { }),
            EventSerializerTests.Types().Rename("a", 1, "b").Rename("b", 1, "a"),
            EventSerializerTests.Types().Rename("a", 1, "a"),
            EventSerializerTests.Types().Drop("name-put"),
        ];

        foreach (var types in wrong)
        {
            Assert.Throws<EventTypeConflictException>(() => new EventSerializer(types));
        }
    }

    [Fact]
    public async Task Parts_of_an_application_add_their_events_to_one_serialiser()
    {
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory()
            .AddEventTypes(types => types.Add("name-put", UpcastJson.Default.NamePut))
            .AddEventTypes(types => types.Add("price-put", UpcastJson.Default.PricePut));
        await using var provider = services.BuildServiceProvider();

        var serializer = provider.GetRequiredService<EventSerializer>();

        serializer.StoredTypes.Should().BeEquivalentTo("name-put", "price-put");
        provider.GetRequiredKeyedService<EventSerializer>(string.Empty).Should().BeSameAs(serializer);
    }

    [Fact]
    public async Task An_application_whose_event_types_contradict_each_other_does_not_start()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddEventStore().UseInMemory()
            .AddEventTypes(types => types.Add("put", UpcastJson.Default.NamePut))
            .AddEventTypes(types => types.Add("put", UpcastJson.Default.PricePut));
        using var host = builder.Build();

        await Assert.ThrowsAsync<EventTypeConflictException>(
            () => host.StartAsync(TestContext.Current.CancellationToken));
    }
}
