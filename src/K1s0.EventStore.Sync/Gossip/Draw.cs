namespace K1s0.EventStore.Sync;

/// <summary>Chance, from numbers of 0 to below 1.</summary>
internal sealed class Draw(Func<double> next)
{
    public double Next() => next();

    public T? One<T>(IReadOnlyList<T> items)
        where T : class => items.Count == 0 ? null : items[Below(items.Count)];

    public void Shuffle<T>(IList<T> items)
    {
        for (var i = items.Count - 1; i > 0; i--)
        {
            var other = Below(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    private int Below(int count) => Math.Min(count - 1, (int)(next() * count));
}
