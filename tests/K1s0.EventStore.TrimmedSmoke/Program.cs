using System.Text.Json;
using K1s0.EventStore.TrimmedSmoke;
using Microsoft.Extensions.DependencyInjection;

// Published trimmed and run by the build: what the linker took away, or what needed reflection, fails here.
if (JsonSerializer.IsReflectionEnabledByDefault)
{
    await Console.Error.WriteLineAsync("Reflection-based serialisation is on: this run would prove nothing.");
    return 1;
}

var services = new ServiceCollection();
var builder = services.AddEventStore(options => options.SerializerOptions = OrderJson.Default.Options).UseInMemory();
AggregateWalk.AddOrders(builder);
await using var provider = services.BuildServiceProvider(validateScopes: true);

IReadOnlyList<string> failures =
[
    .. await StoreWalk.RunAsync(provider),
    .. await AggregateWalk.RunAsync(provider),
];
foreach (var failure in failures)
{
    await Console.Error.WriteLineAsync($"FAILED: {failure}");
}

Console.WriteLine(failures.Count == 0 ? "OK" : $"{failures.Count} failures");
return failures.Count == 0 ? 0 : 1;
