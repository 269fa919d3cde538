using K1s0.EventStore.Samples.Quickstart;

var walkthrough = new Walkthrough(new Narrator(Console.Out, Narrator.IsColourWanted));
return await walkthrough.RunAsync(args, CancellationToken.None);
