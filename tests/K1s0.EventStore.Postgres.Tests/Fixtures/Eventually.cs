namespace K1s0.EventStore.Postgres.Tests;

/// <summary>Waits for what another session does and nothing can signal: asks again and again, up to a bound.</summary>
internal static class Eventually
{
    /// <summary>The same bound for a whole test, in milliseconds: one that would hang fails.</summary>
    public const int Milliseconds = 300_000;

    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(Milliseconds);
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromMilliseconds(5);

    public static async Task TrueAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Bound);
        while (!await condition())
        {
            await Task.Delay(BetweenQuestions, limit.Token);
        }
    }
}
