using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class VerifyChain(IStreamReader reader) : IStep
{
    public string Title => "The hash chain of the order is recomputed from its bytes";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var head = await reader.GetHeadAsync(shop.First, cancellationToken);

        // snippet: quickstart-verify
        var events = reader.ReadStreamAsync(shop.First, cancellationToken: cancellationToken);
        var verification = await StreamVerifier.VerifyAsync(shop.First, events, head, cancellationToken);
        // end-snippet

        narrator.Check("findings", null, verification.Finding?.ToString());
        narrator.Check("events proved to be as they were appended", 4, verification.VerifiedEvents);
        narrator.Check("the head of the chain", head.ChainHash, verification.Head.ChainHash);
    }
}
