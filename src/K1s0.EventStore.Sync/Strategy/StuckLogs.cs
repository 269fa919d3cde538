namespace K1s0.EventStore.Sync;

/// <summary>
/// Which logs were sent to a peer and have not come on there since, over its sessions: it refused them, or what they
/// build on has not come. These go last, so that on a slow link they do not take all the time again and again.
/// </summary>
/// <remarks>
/// Used by one session at a time. What is not sent any more is forgotten as soon as it has come on; so at most the logs
/// that the peer lacks are kept.
/// </remarks>
internal sealed class StuckLogs
{
    // What the peer had of a log when events of it were sent.
    private readonly Dictionary<Origin, long> _sent = [];

    /// <summary>What goes first of what a peer lacks: all of it when everything is stuck, or nothing.</summary>
    public List<Dot> First(List<Dot> lacking, VectorClock theirs)
    {
        var origins = lacking.Select(dot => dot.Origin).ToHashSet();
        foreach (var (origin, known) in _sent.ToList())
        {
            if (theirs[origin] != known || !origins.Contains(origin))
            {
                _sent.Remove(origin);
            }
        }

        var first = lacking.FindAll(dot => !_sent.ContainsKey(dot.Origin));
        return first.Count > 0 ? first : lacking;
    }

    public void Sent(Origin origin, long known) => _sent[origin] = known;
}
