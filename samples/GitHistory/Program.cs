using K1s0.EventStore.Samples.GitHistory;
using K1s0.EventStore.Samples.GitHistory.Git;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

try
{
    var run = new HistoryRun(new GitProgram(), Console.Out, !Console.IsOutputRedirected, TimeProvider.System);
    return await run.RunAsync(args, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.WriteLine("Stopped. What was appended is complete; the next run goes on from there.");
    return HistoryRun.Unusable;
}
