using System.Globalization;

namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>What stood in the events table before it was tampered with, to draw from.</summary>
internal sealed class StoredRows
{
    public StoredRows(IReadOnlyList<StoredRow> rows)
    {
        All = rows;
        Streams = [.. rows.GroupBy(row => row.Event.StreamId).Select(stream => stream.ToArray())];
        Gaps =
        [
            .. Enumerable.Range(2, (int)rows[^1].Position - 2).Select(position => (long)position)
                .Except(rows.Select(row => row.Position)),
        ];
        RunStarts = new HashSet<int>(
            Enumerable.Range(0, rows.Count)
                .Where(leaf => leaf == 0 || rows[leaf].Position != rows[leaf - 1].Position + 1));
    }

    public IReadOnlyList<StoredRow> All { get; }

    public IReadOnlyList<StoredRow[]> Streams { get; }

    /// <summary>Positions below the last one that no event has.</summary>
    public IReadOnlyList<long> Gaps { get; }

    /// <summary>The leaves with which a run of consecutive positions begins.</summary>
    public IReadOnlySet<int> RunStarts { get; }

    public static string Text(FormattableString sql) => sql.ToString(CultureInfo.InvariantCulture);

    public StoredRow Any(Random random) => All[random.Next(All.Count)];

    public long Gap(Random random) => Gaps[random.Next(Gaps.Count)];

    /// <summary>Two events of one stream, in order.</summary>
    public (StoredRow First, StoredRow Second) Pair(Random random)
    {
        while (true)
        {
            var stream = Streams[random.Next(Streams.Count)];
            if (stream.Length > 1)
            {
                var first = random.Next(stream.Length - 1);
                return (stream[first], stream[random.Next(first + 1, stream.Length)]);
            }
        }
    }

    /// <summary>Two events of different streams.</summary>
    public (StoredRow First, StoredRow Second) Strangers(Random random)
    {
        while (true)
        {
            var (first, second) = (Any(random), Any(random));
            if (first.StreamKey != second.StreamKey)
            {
                return (first, second);
            }
        }
    }
}
