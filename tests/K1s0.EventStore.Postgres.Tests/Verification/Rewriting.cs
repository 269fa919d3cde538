using System.Text;

namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>
/// What somebody can do who may write all tables and knows all formats: change the history, and compute everything that
/// follows anew.
/// </summary>
internal static class Rewriting
{
    private static readonly Func<List<StoredRow>, Random, bool>[] Ways =
    [
        EditPayload, EditTime, EditRecording, Delete, DeleteRange, DeleteStream, CutOff, SwapInStream, SwapPositions, Insert,
        Duplicate, Splice, Rename,
    ];

    /// <summary>Changes the rows in one way; the digests and links that they bear count no more.</summary>
    public static List<StoredRow> Change(IReadOnlyList<StoredRow> rows, Random random)
    {
        while (true)
        {
            List<StoredRow> changed = [.. rows];
            if (Ways[random.Next(Ways.Length)](changed, random))
            {
                return changed;
            }
        }
    }

    private static bool EditPayload(List<StoredRow> rows, Random random) => Edit(rows, random, envelope => envelope with
    {
        PayloadUtf8 = Encoding.UTF8.GetBytes($$"""{"quantity":{{random.Next(1_000, 1_000_000)}}}"""),
    });

    private static bool EditTime(List<StoredRow> rows, Random random) => Edit(
        rows, random, envelope => envelope with { OccurredAt = envelope.OccurredAt.AddMinutes(random.Next(1, 1_000)) });

    private static bool EditRecording(List<StoredRow> rows, Random random) => Edit(
        rows, random, envelope => envelope with { RecordedAt = envelope.RecordedAt.AddTicks(10 * random.Next(1, 99)) });

    private static bool Delete(List<StoredRow> rows, Random random)
    {
        rows.RemoveAt(random.Next(rows.Count));
        return true;
    }

    private static bool DeleteRange(List<StoredRow> rows, Random random)
    {
        var from = random.Next(rows.Count);
        var count = random.Next(1, rows.Count - from + 1);
        rows.RemoveRange(from, count);
        return rows.Count > 0;
    }

    private static bool DeleteStream(List<StoredRow> rows, Random random)
    {
        var key = rows[random.Next(rows.Count)].StreamKey;
        return rows.RemoveAll(row => row.StreamKey == key) > 0 && rows.Count > 0;
    }

    private static bool CutOff(List<StoredRow> rows, Random random)
    {
        var from = random.Next(1, rows.Count);
        rows.RemoveRange(from, rows.Count - from);
        return true;
    }

    private static bool SwapInStream(List<StoredRow> rows, Random random) =>
        Swap(rows, random, (first, second) => first.StreamKey == second.StreamKey);

    private static bool SwapPositions(List<StoredRow> rows, Random random) =>
        Swap(rows, random, (first, second) => first.StreamKey != second.StreamKey);

    private static bool Insert(List<StoredRow> rows, Random random)
    {
        // In the place of another one, which moves on together with all behind it.
        var at = random.Next(rows.Count);
        var stream = rows[at];
        rows.Insert(at, stream with { Event = Some.Event(stream.Event.StreamId) with { RecordedAt = stream.Event.RecordedAt } });
        return true;
    }

    private static bool Duplicate(List<StoredRow> rows, Random random)
    {
        var (from, to) = (random.Next(rows.Count), random.Next(rows.Count));
        rows.Insert(to, rows[from] with { Event = rows[from].Event with { Id = Guid.CreateVersion7() } });
        return true;
    }

    private static bool Splice(List<StoredRow> rows, Random random)
    {
        var (at, other) = (random.Next(rows.Count), rows[random.Next(rows.Count)]);
        if (rows[at].StreamKey == other.StreamKey)
        {
            return false;
        }

        rows[at] = new StoredRow(rows[at].Event with { StreamId = other.Event.StreamId }, other.StreamKey);
        return true;
    }

    // The whole stream from another root.
    private static bool Rename(List<StoredRow> rows, Random random)
    {
        var key = rows[random.Next(rows.Count)].StreamKey;
        var name = Some.Stream();
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i] = rows[i].StreamKey == key ? rows[i] with { Event = rows[i].Event with { StreamId = name } } : rows[i];
        }

        return true;
    }

    private static bool Edit(List<StoredRow> rows, Random random, Func<EventEnvelope, EventEnvelope> change)
    {
        var at = random.Next(rows.Count);
        rows[at] = rows[at] with { Event = change(rows[at].Event) };
        return true;
    }

    private static bool Swap(List<StoredRow> rows, Random random, Func<StoredRow, StoredRow, bool> fits)
    {
        var (first, second) = (random.Next(rows.Count), random.Next(rows.Count));
        if (first == second || !fits(rows[first], rows[second]))
        {
            return false;
        }

        (rows[first], rows[second]) = (rows[second], rows[first]);
        return true;
    }
}
