using K1s0.EventStore.Samples.Quickstart.Domain;
using K1s0.EventStore.Samples.Quickstart.Steps;
using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>Runs the steps, one after the other, until one does not hold.</summary>
internal sealed class Walkthrough(Narrator narrator)
{
    public const int Held = 0;
    public const int Failed = 1;
    public const int Unusable = 2;

    private const string Usage = "Quickstart [--postgres <connection string> | --sqlite <file>]";

    /// <summary>Runs with the store that the command line asks for.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (StoreChoice.Parse(arguments) is not { } choice)
        {
            narrator.Fail($"unknown arguments. {Usage}");
            return Unusable;
        }

        try
        {
            var services = new ServiceCollection();
            choice.AddStore(services);
            AddShop(services);
            await using var provider = services.BuildServiceProvider();
            await choice.PrepareAsync(provider, cancellationToken);
            narrator.Open($"K1s0.EventStore quickstart, {choice.Describe()}");
            return await RunAsync(provider, cancellationToken);
        }
        catch (UnusableStoreException e)
        {
            narrator.Fail(e.Message);
            return Unusable;
        }
    }

    /// <summary>Runs with what stands in the container.</summary>
    public async Task<int> RunAsync(IServiceProvider provider, CancellationToken cancellationToken)
    {
        var shop = new Shop(provider.GetRequiredService<TimeProvider>());
        try
        {
            foreach (var step in provider.GetServices<IStep>())
            {
                narrator.Step(step.Title);
                await step.RunAsync(shop, narrator, cancellationToken);
            }
        }
        catch (Exception e) when (e is StepFailedException or EventStoreException)
        {
            narrator.Fail(e.Message);
            return Failed;
        }

        narrator.Close("Every step held.");
        return Held;
    }

    /// <summary>Everything but the store.</summary>
    public static void AddShop(IServiceCollection services)
    {
        services.AddEventStore().AddOrders();
        services.AddSingleton<IStep, AppendEvents>();
        services.AddSingleton<IStep, RefuseStaleWriter>();
        services.AddSingleton<IStep, ReloadAndRetry>();
        services.AddSingleton<IStep, FollowTheFeed>();
        services.AddSingleton<IStep, TakeSnapshot>();
        services.AddSingleton<IStep, VerifyChain>();
        services.AddSingleton<IStep, NameTamperedEvent>();
    }
}
