namespace K1s0.EventStore.Sync;

/// <summary>
/// What is to be told, each so many times that with great probability everybody hears of it; what was told least comes
/// first.
/// </summary>
internal sealed class Announcements<T>
    where T : notnull
{
    private readonly Dictionary<T, int> _told = [];

    public void Add(T news) => _told[news] = 0;

    public void Remove(T news) => _told.Remove(news);

    /// <summary>Takes what fits.</summary>
    /// <param name="sizeOf">How many bytes one takes; null when it is not for the one who is told.</param>
    /// <param name="bytes">How many bytes there are.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="times">How many times each is told.</param>
    public List<T> Take(Func<T, int?> sizeOf, int bytes, int most, int times)
    {
        var taken = new List<T>();
        foreach (var (news, _) in _told.OrderBy(entry => entry.Value).ToList())
        {
            if (taken.Count < most && sizeOf(news) is { } size && size <= bytes)
            {
                bytes -= size;
                taken.Add(news);
                if (++_told[news] >= times)
                {
                    _told.Remove(news);
                }
            }
        }

        return taken;
    }
}
