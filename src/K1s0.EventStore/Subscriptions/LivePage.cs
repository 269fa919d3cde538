namespace K1s0.EventStore;

/// <summary>A page that the live feed keeps: all events behind a position, up to where it was read.</summary>
internal sealed record LivePage(Position After, FeedPage Page)
{
    /// <summary>What the page counts in the buffer; an empty one counts too.</summary>
    public int Size => Math.Max(1, Page.Events.Count);

    /// <summary>The part of the page behind a position.</summary>
    public FeedPage Behind(Position after) => after == After
        ? Page
        : Page with { Events = [.. Page.Events.Where(envelope => envelope.Position > after)] };
}
