namespace K1s0.EventStore;

/// <summary>
/// Finds out how an event came to a place where its link does not follow: by looking for it, and for the event that it
/// names as its predecessor, in the whole stream.
/// </summary>
internal sealed class LinkInquiry(IStreamReader streams, CancellationToken cancellationToken)
{
    public async Task<StoreFinding> RefineAsync(StoreFinding finding, BrokenLink link)
    {
        try
        {
            return await LookAsync(finding, link).ConfigureAwait(false);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            // It stays what it is.
            return finding;
        }
    }

    private async Task<StoreFinding> LookAsync(StoreFinding finding, BrokenLink link)
    {
        var (copies, predecessor, before) = (0, 0L, Guid.Empty);
        await foreach (var envelope in streams.ReadStreamAsync(finding.Stream!, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            copies += envelope.Id == link.EventId ? 1 : 0;
            predecessor = envelope.Id == link.PreviousEventId ? envelope.Version : predecessor;
            before = envelope.Version == finding.Version.Value - 1 ? envelope.PreviousEventId : before;
        }

        if (copies > 1)
        {
            return finding with { Kind = StoreFindingKind.Duplicated };
        }

        var missing = predecessor == 0 && link.PreviousEventId != Guid.Empty;
        return (finding.Version.Value - predecessor) switch
        {
            1 => finding,
            _ when missing => finding with { Kind = StoreFindingKind.Deleted },

            // The event before it names the same predecessor: it was put between them.
            2 when before == link.PreviousEventId => Inserted(finding),
            _ => finding with { Kind = StoreFindingKind.Swapped },
        };
    }

    private static StoreFinding Inserted(StoreFinding finding) =>
        finding with { Kind = StoreFindingKind.Inserted, Version = new StreamVersion(finding.Version.Value - 1) };
}
