using K1s0.EventStore.Sync.Simulation;
using K1s0.EventStore.Sync.Snapshots.Tests;
using K1s0.EventStore.Sync.Tests;

// The tests; or seeds of the simulation for as long as somebody wants, see SimulationCommand; or the seeds that find
// planted mistakes, see PlantedCommand; or a process that a test starts, see SnapshotTakingProcess.
return args switch
{
    ["simulate", .. var rest] => SimulationCommand.Run(rest, Console.Out),
    ["plant", .. var rest] => PlantedCommand.Run(rest, Console.Out),
    ["take-snapshot", .. var rest] => await SnapshotTakingProcess.RunAsync(rest),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
