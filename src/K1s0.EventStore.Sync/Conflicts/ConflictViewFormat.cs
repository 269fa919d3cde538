using System.Buffers.Binary;
using System.Text;
using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>How a conflict view stands in a snapshot: one entry for each key. Version 1.</summary>
/// <remarks>
/// <code>
/// key      aggregate type, 0, aggregate id, 0; with a property also 1, the property; UTF-8
///
/// value    version, 1: 1
///          number of concurrent events, 1 or more, each in EventOrder:
///            length, and the event as the rest of a batch of one, see EventBatchFormat
///            its context: number, entries, see VectorClockFormat
///            0, or 1 and when the authority accepted it: time, origin, sequence, place
///          what the policy keeps beside: 0 nothing; 1 a sum, 16 bytes, big-endian;
///            2 a set: number of elements, each in ordinal order: text; number of additions, dots
/// </code>
/// The layout is published: it is never edited.
/// </remarks>
internal static class ConflictViewFormat
{
    private const string FormatName = "state of a conflict view";
    private const byte FormatVersion = 1;
    private const int LeastEventBytes = 50;
    private const byte NoMore = 0;
    private const byte Sum = 1;
    private const byte Elements = 2;

    /// <summary>The entry of a key.</summary>
    /// <exception cref="ArgumentException">The key cannot be written, or it is too long.</exception>
    public static SnapshotEntry Write(KeyState state)
    {
        using var writer = new WireWriter();
        writer.Byte(FormatVersion);
        writer.Integer((ulong)state.LiveCount);
        foreach (var (delivered, accepted) in state.LiveWithAcceptance)
        {
            using var rest = EventBatchFormat.WriteRest([delivered.Event]);
            writer.Field(rest.Written);
            VectorClockFormat.WriteEntries(writer, delivered.Context);
            writer.Byte((byte)(accepted is null ? 0 : 1));
            if (accepted is { } order)
            {
                writer.Integer((ulong)order.Time.Value);
                writer.Dot(new Dot(order.Authority, order.Sequence));
                writer.Integer((ulong)order.Place);
            }
        }

        WriteMore(writer, state);
        return new SnapshotEntry(KeyOf(state.Key), writer.Written.ToArray());
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidFormatException">It is something else, or was made under other rules.</exception>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    public static KeyState Read(SnapshotEntry entry, ConflictRules rules)
    {
        var reader = new WireReader(entry.Value.Span);
        var version = reader.Byte();
        if (!reader.IsBroken && version != FormatVersion)
        {
            throw new UnsupportedFormatException(FormatName, version, FormatVersion);
        }

        var live = new (DeliveredEvent Delivered, AcceptanceOrder? Accepted)[
            reader.Count(ReplicaOptions.MostOrigins, LeastEventBytes)];
        for (var i = 0; i < live.Length && !reader.IsBroken; i++)
        {
            live[i] = ReadLive(ref reader);
            if (i > 0 && !reader.IsBroken
                && EventOrder.Instance.Compare(live[i - 1].Delivered.Event, live[i].Delivered.Event) >= 0)
            {
                reader.Break("the concurrent events are not in their order.");
            }
        }

        if (reader.IsBroken || live.Length == 0)
        {
            throw new InvalidFormatException(FormatName, reader.Problem);
        }

        var found = rules.Find(live[0].Delivered.Event.Envelope);
        if (found is not { } rule || !entry.Key.Span.SequenceEqual(KeyOf(rule.Key)))
        {
            throw new InvalidFormatException(FormatName, "it was made under other rules.");
        }

        var state = rule.Policy.NewState(rule.Key);
        state.Restore(live);
        ReadMore(ref reader, state);
        reader.End();
        return reader.IsBroken ? throw new InvalidFormatException(FormatName, reader.Problem) : state;
    }

    private static byte[] KeyOf(ConflictKey key)
    {
        var text = $"{key.Stream.AggregateType}\0{key.Stream.AggregateId}\0";
        return Encoding.UTF8.GetBytes(key.Property is null ? text : $"{text}\u0001{key.Property}");
    }

    private static (DeliveredEvent Delivered, AcceptanceOrder? Accepted) ReadLive(ref WireReader reader)
    {
        var rest = reader.Field(SnapshotLimits.MaxValueBytes).ToArray();
        var context = VectorClockFormat.ReadEntries(ref reader, ReplicaOptions.MostOrigins);
        AcceptanceOrder? accepted = null;
        switch (reader.Byte())
        {
            case 0:
                break;
            case 1:
                var (time, dot, place) = (reader.Int64(), reader.Dot(), reader.Int64());
                accepted = new AcceptanceOrder(
                    new HybridTime(time), dot.Origin, dot.Sequence, (int)Math.Min(place, int.MaxValue));
                break;
            default:
                reader.Break("a flag is neither 0 nor 1.");
                break;
        }

        if (reader.IsBroken)
        {
            return default;
        }

        var events = new EventBatchReader(rest).Read(out var problem);
        if (problem is not null || events.Count != 1)
        {
            reader.Break(problem ?? "an event is none, or several.");
            return default;
        }

        return (new DeliveredEvent(events[0], context), accepted);
    }

    private static void WriteMore(WireWriter writer, KeyState state)
    {
        switch (state)
        {
            case CounterPolicy.CounterState counter:
                Span<byte> sum = stackalloc byte[16];
                BinaryPrimitives.WriteInt128BigEndian(sum, counter.Value);
                writer.Byte(Sum);
                writer.Bytes(sum);
                break;
            case SetPolicy.SetState set:
                writer.Byte(Elements);
                var additions = set.Additions.ToArray();
                writer.Integer((ulong)additions.Length);
                foreach (var (element, dots) in additions)
                {
                    writer.Text(element);
                    writer.Integer((ulong)dots.Length);
                    Array.ForEach(dots, writer.Dot);
                }

                break;
            default:
                writer.Byte(NoMore);
                break;
        }
    }

    private static void ReadMore(ref WireReader reader, KeyState state)
    {
        switch (reader.Byte(), state)
        {
            case (Sum, CounterPolicy.CounterState counter):
                var sum = reader.Bytes(16);
                counter.Restore(sum.IsEmpty ? 0 : BinaryPrimitives.ReadInt128BigEndian(sum));
                break;
            case (Elements, SetPolicy.SetState set):
                var count = reader.Count(SnapshotLimits.MaxValueBytes, 3);
                for (var i = 0; i < count && !reader.IsBroken; i++)
                {
                    var element = Encoding.UTF8.GetString(reader.Field(SnapshotLimits.MaxValueBytes));
                    var dots = new Dot[reader.Count(ReplicaOptions.MostOrigins, ReplicaId.Length + 2)];
                    for (var j = 0; j < dots.Length; j++)
                    {
                        dots[j] = reader.Dot();
                    }

                    set.Restore(element, dots);
                }

                break;
            case (NoMore, not (CounterPolicy.CounterState or SetPolicy.SetState)):
                break;
            default:
                reader.Break("it was made under other rules.");
                break;
        }
    }
}
