using System.Text.Json;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Says that a branch stands in its places from now on, and in which repairs it is: see <see cref="StoredRepairs"/>.
/// </summary>
/// <param name="First">The first place.</param>
/// <param name="Count">How many places.</param>
/// <param name="Repair">The repair that stands in the first place.</param>
/// <param name="Hash">The hash of the last event.</param>
internal sealed record BranchNote(Dot First, long Count, long Repair, Sha256Digest Hash)
{
    /// <summary>The last place.</summary>
    public Dot Last => PlaceAt(Count - 1);

    /// <summary>The repair that stands in the last place.</summary>
    public long End => Repair + Count - 1;

    /// <summary>The places, and which repair stands there.</summary>
    public IEnumerable<(Dot Place, long Repair)> Places
    {
        get
        {
            for (var i = 0L; i < Count; i++)
            {
                yield return (PlaceAt(i), Repair + i);
            }
        }
    }

    public ReadOnlyMemory<byte> ToPayload() => OriginNames.Note(First.Origin, json =>
    {
        json.WriteNumber("first", First.Sequence);
        json.WriteNumber("count", Count);
        json.WriteNumber("repair", Repair);
        json.WriteString("hash", Hash.ToString());
    });

    /// <summary>A note that names repairs that were stored; null when it is damaged.</summary>
    public static BranchNote? TryRead(EventEnvelope stored, long repairs)
    {
        if (OriginNames.TryRead(stored) is not { } origin)
        {
            return null;
        }

        try
        {
            var payload = stored.Payload;
            var (first, count, repair) = (Number("first"), Number("count"), Number("repair"));
            var isOfRepairs = first > 0 && count > 0 && repair > 0
                && count <= repairs && repair <= repairs - count + 1 && first <= long.MaxValue - count;
            return isOfRepairs
                ? new BranchNote(
                    new Dot(origin, first), count, repair, Sha256Digest.Parse(payload.GetProperty("hash").GetString()!))
                : null;

            long Number(string name) => payload.GetProperty(name).GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether another event than it says is the last one: then the note is damaged.</summary>
    public bool IsContradictedBy(SyncEvent last) => last.Dot != Last || last.Hash != Hash;

    private Dot PlaceAt(long at) => First with { Sequence = First.Sequence + at };
}
