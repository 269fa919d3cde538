namespace K1s0.EventStore.Sync.Simulation;

/// <summary>Takes the result of what must be done already: in a simulation nothing waits for another thread.</summary>
internal static class Immediately
{
    public static T Get<T>(Task<T> task) =>
        task.IsCompleted ? task.GetAwaiter().GetResult() : throw new SimulationFailedException("something waits outside of the run.");

    public static void Get(Task task)
    {
        if (!task.IsCompleted)
        {
            throw new SimulationFailedException("something waits outside of the run.");
        }

        task.GetAwaiter().GetResult();
    }

    public static List<T> All<T>(IAsyncEnumerable<T> items)
    {
        var all = new List<T>();
        Get(FillAsync());
        return all;

        async Task FillAsync()
        {
            await foreach (var item in items)
            {
                all.Add(item);
            }
        }
    }
}
