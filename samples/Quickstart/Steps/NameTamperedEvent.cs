using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Samples.Quickstart.Steps;

internal sealed class NameTamperedEvent(IEventStore store, ITampering tampering) : IStep
{
    private const long TamperedVersion = 3;

    public string Title => "Somebody changes history behind the store's back: the event is named";

    public async Task RunAsync(Shop shop, Narrator narrator, CancellationToken cancellationToken)
    {
        var before = await store.LoadAsync(shop.First, cancellationToken: cancellationToken);
        var after = await tampering.MakeItemsCheaperAsync(shop.First, TamperedVersion, cancellationToken);
        narrator.Say($"was  {before[(int)TamperedVersion - 1].Payload.GetRawText()}");
        narrator.Say($"now  {after[(int)TamperedVersion - 1].Payload.GetRawText()}  ({tampering.Description})");

        var verification = StreamVerifier.Verify(shop.First, after);
        narrator.Check("the first bad version", TamperedVersion, verification.Finding?.Version.Value);
        narrator.Check("what is wrong with it", StreamFindingKind.ContentChanged, verification.Finding?.Kind);
        narrator.Check("events before it that still are proved", TamperedVersion - 1, verification.VerifiedEvents);

        // Who also rewrites the digest of the event gets no further: the link to it does not follow any more.
        var rewritten = after.Select(
            envelope => envelope.Version == TamperedVersion
                ? envelope with { ContentDigest = ContentDigest.Compute(envelope) }
                : envelope);
        verification = StreamVerifier.Verify(shop.First, rewritten);
        narrator.Check("with a digest made to fit", TamperedVersion, verification.Finding?.Version.Value);
        narrator.Check("what is wrong with it", StreamFindingKind.LinkBroken, verification.Finding?.Kind);

        var untouched = await store.LoadAsync(shop.First, cancellationToken: cancellationToken);
        narrator.Check("the store's own events are as before", true, untouched.SequenceEqual(before));
    }
}
