namespace K1s0.EventStore.Archive;

/// <summary>
/// Sees that the feed is settled before anybody says that a database does not have the events of a listed batch. A feed
/// that a running append or a prepared transaction holds back ends early, as that of a database does which was brought
/// back to an earlier time. Not thread-safe.
/// </summary>
internal sealed class SettledFeed(LeaderParts leader)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private Position _settled;

    /// <summary>
    /// Waits, for 10 seconds, until all positions up to one are final that were given out: a bound that is behind for a
    /// moment only comes back meanwhile.
    /// </summary>
    /// <exception cref="ArchiveRefusedException">An append, or a prepared transaction, goes on.</exception>
    public async Task UntilAsync(Position position, CancellationToken cancellationToken)
    {
        var start = leader.Time.GetTimestamp();
        Position? given = null;
        while (_settled < position)
        {
            // Asked once, and before the bound: what is given out from then on is no event of a batch that is listed
            // already, and appends that never rest would hold this back for ever.
            var last = given ??= await leader.Feed.GetLastPositionAsync(cancellationToken).ConfigureAwait(false);
            _settled = await leader.Feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
            if (_settled >= position || _settled >= last)
            {
                return;
            }

            if (leader.Time.GetElapsedTime(start) >= Limit)
            {
                throw new ArchiveRefusedException(
                    ArchiveRefusal.Busy,
                    $"The feed is settled up to {_settled}, and positions up to {last} were given out: a running "
                    + "append or a prepared transaction holds it back. Until that has ended, nobody can say whether "
                    + $"the database has the events up to {position} that the bucket lists. End it, and try again.");
            }

            await leader.RenewAsync().ConfigureAwait(false);
            await Task.Delay(Pause, leader.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
