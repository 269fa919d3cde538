using K1s0.EventStore.Sync.Simulation;

// The tests, or seeds of the simulation for as long as somebody wants: see SimulationCommand.
return args is ["simulate", .. var rest]
    ? SimulationCommand.Run(rest, Console.Out)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
