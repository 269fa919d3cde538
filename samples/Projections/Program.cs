using K1s0.EventStore.Samples.Projections;

var narrator = new Narrator(Console.Out, Narrator.IsColourWanted);
if (Arguments.Parse(args) is not { } arguments)
{
    narrator.Fail($"unknown arguments. {Arguments.Usage}");
    return Demonstration.Unusable;
}

return arguments.IsWorker
    ? await Worker.RunAsync(arguments.Postgres!, Console.In, CancellationToken.None)
    : await new Demonstration(narrator).RunAsync(arguments, CancellationToken.None);
