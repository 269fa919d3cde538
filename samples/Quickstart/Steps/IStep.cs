namespace K1s0.EventStore.Samples.Quickstart.Steps;

/// <summary>One thing to be seen. A step checks itself.</summary>
internal interface IStep
{
    string Title { get; }

    Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken);
}
