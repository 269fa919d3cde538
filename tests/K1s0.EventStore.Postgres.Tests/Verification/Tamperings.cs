using static K1s0.EventStore.Postgres.Tests.Verification.StoredRows;

namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>What somebody can do who may write one table, or some, and leaves the rest as it is.</summary>
internal static class Tamperings
{
    public static IReadOnlyList<Tampering> All { get; } =
        [.. OfEvents(), .. OfRows(), .. OfPlaces(), .. OfStreams(), .. OfIds(), .. OfTheLog()];

    private static IEnumerable<Tampering> OfEvents()
    {
        yield return Event("flip a bit of a payload", (row, random) => Flip("payload", row.Event.PayloadUtf8, random));
        yield return Event(
            "flip a bit of metadata", (row, random) => Flip("metadata", row.Event.MetadataUtf8, random));
        yield return Event("flip a bit of a content digest", (_, random) => Flip("content_digest", 32, random));
        yield return Event("flip a bit of a link", (_, random) => Flip("chain_hash", 32, random));
        yield return Event("rename a type", (_, _) => "event_type = event_type || 'x'");
        yield return Event("raise a schema version", (_, random) => Text($"schema_version = {random.Next(2, 9)}"));
        yield return Event("move an occurrence", (_, random) => Text(
            $"occurred_at = occurred_at + {random.Next(1, 1_000_000)} * interval '1 microsecond'"));
        yield return Event("move a recording", (_, random) => Text(
            $"recorded_at = recorded_at + {random.Next(1, 1_000)} * interval '1 microsecond'"));
        yield return Event("change an id", (_, random) => Text($"event_id = '{NewId(random)}'"));
        yield return Event("change a predecessor", (_, random) => Text($"previous_event_id = '{NewId(random)}'"));
        yield return Event("change a version", (_, random) => Text($"version = version + {random.Next(1_000, 9_000)}"));
        yield return Event("make a version zero", (_, _) => "version = -version");
        yield return Event("rename a stream of one event", (_, _) => "stream_id = stream_id || 'x'");
        yield return Event("make a name that is none", (_, _) => "stream_type = ''");
        yield return Event("shorten a digest", (_, _) => "content_digest = substring(content_digest for 31)");
        yield return Event("file an event nowhere", (_, random) => Text($"stream_key = {random.Next(9_000, 99_000)}"));
        yield return new Tampering("move an event into another stream", ["events"], (rows, random) =>
        {
            var (first, second) = rows.Strangers(random);
            var stream = second.Event.StreamId;
            return Text(
                $"""
                update {"{s}"}.events set stream_type = '{stream.AggregateType}', stream_id = '{stream.AggregateId}'
                where position = {first.Position}
                """);
        });
    }

    private static IEnumerable<Tampering> OfRows()
    {
        yield return new Tampering("delete an event", ["events"], (rows, random) => Text(
            $"delete from {"{s}"}.events where position = {rows.Any(random).Position}"));
        yield return new Tampering("delete the last event", ["events"], (rows, _) => Text(
            $"delete from {"{s}"}.events where position = {rows.All[^1].Position}"));
        yield return new Tampering("delete a range of the feed", ["events"], (rows, random) =>
        {
            var from = random.Next(rows.All.Count);
            var to = rows.All[random.Next(from, rows.All.Count)].Position;
            return Text(
                $"delete from {"{s}"}.events where position between {rows.All[from].Position} and {to}");
        });
        yield return new Tampering("cut a stream off", ["events"], (rows, random) =>
        {
            var row = rows.Any(random);
            return Text(
                $"delete from {"{s}"}.events where stream_key = {row.StreamKey} and version >= {row.Event.Version}");
        });
        yield return new Tampering("delete the first events of a stream", ["events"], (rows, random) =>
        {
            var row = rows.Any(random);
            return Text(
                $"delete from {"{s}"}.events where stream_key = {row.StreamKey} and version <= {row.Event.Version}");
        });
        yield return new Tampering("copy an event", ["events"], (rows, random) => Copy(
            rows, random, Text($"version + {random.Next(1_000, 9_000)}"), "stream_key"));
        yield return new Tampering("copy an event in its place", ["events"], (rows, random) => Copy(
            rows, random, "version", Text($"{random.Next(9_000, 99_000)}")));
        yield return new Tampering("copy an event to the end", ["events"], (rows, random) =>
        {
            var stream = rows.Streams[random.Next(rows.Streams.Count)];
            return Copy(rows, random, Text($"{stream[^1].Event.Version + 1}"), Text($"{stream[^1].StreamKey}"));
        });
        yield return new Tampering("delete an event and close the gap", ["events"], (rows, random) =>
        {
            var (first, second) = rows.Pair(random);
            return Text(
                $"""
                delete from {"{s}"}.events where position = {first.Position};
                update {"{s}"}.events set version = version + 100000
                where stream_key = {second.StreamKey} and version > {first.Event.Version};
                update {"{s}"}.events set version = version - 100001 where version > 100000
                """);
        });
    }

    private static IEnumerable<Tampering> OfPlaces()
    {
        yield return new Tampering("swap the payloads of two events", ["events"], (rows, random) => Swap(
            rows.Pair(random), "payload", "metadata"));
        yield return new Tampering("swap two events of a stream", ["events"], (rows, random) => Swap(
            rows.Pair(random), "payload", "metadata", "event_id", "event_type", "occurred_at", "content_digest"));
        yield return new Tampering("swap two events of a stream with their links", ["events"], (rows, random) => Swap(
            rows.Pair(random), "payload", "metadata", "event_id", "event_type", "occurred_at", "content_digest",
            "chain_hash", "previous_event_id"));
        yield return new Tampering("swap the positions of two events", ["events"], (rows, random) =>
        {
            var (first, second) = random.Next(2) == 0 ? rows.Pair(random) : rows.Strangers(random);
            return Text(
                $"""
                update {"{s}"}.events set position = 1000000000 where position = {first.Position};
                update {"{s}"}.events set position = {first.Position} where position = {second.Position};
                update {"{s}"}.events set position = {second.Position} where position = 1000000000
                """);
        });
        yield return new Tampering("move an event into a gap", ["events"], (rows, random) => Text(
            $"update {"{s}"}.events set position = {rows.Gap(random)} where position = {rows.Any(random).Position}"));
        yield return new Tampering("file two events under each other's streams", ["events"], (rows, random) =>
        {
            var (first, second) = rows.Strangers(random);
            return first.Event.Version != second.Event.Version
                ? null
                : Text(
                    $"""
                    update {"{s}"}.events set stream_key = 1000000000 where position = {first.Position};
                    update {"{s}"}.events set stream_key = {first.StreamKey} where position = {second.Position};
                    update {"{s}"}.events set stream_key = {second.StreamKey} where stream_key = 1000000000
                    """);
        });
    }

    private static IEnumerable<Tampering> OfStreams()
    {
        yield return Stream("raise a head", "version = version + 1");
        yield return Stream("lower a head", "version = version - 1, prior_version = least(prior_version, version - 2)");
        yield return Stream("change the hash of a head", "head_hash = sha256(head_hash)");
        yield return Stream("change the event of a head", "head_event_id = gen_random_uuid()");
        yield return Stream("rename a stream", "stream_id = stream_id || 'x'");
        yield return Stream("hide a stream's events", "created_at = created_at + interval '1 year'");
        yield return Stream("give a stream another key", "stream_key = default");
        yield return new Tampering("delete a stream", ["streams"], (rows, random) => Text(
            $"delete from {"{s}"}.streams where stream_key = {rows.Any(random).StreamKey}"));
        yield return new Tampering("delete a stream with all its events", ["streams", "events", "event_ids"],
            (rows, random) =>
            {
                var key = rows.Any(random).StreamKey;
                return Text(
                    $"""
                    delete from {"{s}"}.streams where stream_key = {key};
                    delete from {"{s}"}.events where stream_key = {key};
                    delete from {"{s}"}.event_ids where stream_key = {key}
                    """);
            });
    }

    private static IEnumerable<Tampering> OfIds()
    {
        yield return Id("forget an id", "delete from {s}.event_ids");
        yield return Id("file an id under another version", "update {s}.event_ids set version = version + 9000");
        yield return Id("file an id under another stream", "update {s}.event_ids set stream_key = stream_key + 9000");
        yield return Id("change a filed id", "update {s}.event_ids set event_id = gen_random_uuid()");
    }

    private static IEnumerable<Tampering> OfTheLog()
    {
        const string AnyTile = "where (level, tile_index) = (select level, tile_index from {s}.tiles order by ";
        yield return new Tampering("flip a bit of a tile", ["tiles"], (rows, random) => Text(
            $"""
            update {"{s}"}.tiles set {Flip("hashes", 32, random)}
            {AnyTile}level limit 1 offset {random.Next(4)} % (select count(*) from {"{s}"}.tiles))
            """));
        yield return new Tampering("shorten a tile", ["tiles"], (_, random) => Text(
            $"""
            update {"{s}"}.tiles set hashes = substring(hashes for octet_length(hashes) - 32)
            {AnyTile}octet_length(hashes) desc limit 1)
            """));
        yield return new Tampering("delete a tile", ["tiles"], (_, random) => Text(
            $"""
            delete from {"{s}"}.tiles
            {AnyTile}level limit 1 offset {random.Next(4)} % (select count(*) from {"{s}"}.tiles))
            """));
        yield return Run("move a run", "update {s}.leaf_runs set first_position = first_position + 1");
        yield return new Tampering("move a run's leaf", ["leaf_runs"], (_, _) =>
            "update {s}.leaf_runs set first_index = first_index + 1 "
            + "where first_index = (select max(first_index) from {s}.leaf_runs)");
        yield return Run("delete a run", "delete from {s}.leaf_runs");
        yield return new Tampering("add a run", ["leaf_runs"], (rows, random) => Text(
            $"insert into {"{s}"}.leaf_runs values ({random.Next(1_000, 2_000)}, {10_000 + random.Next(1_000)})"));
        yield return new Tampering("hide leaves behind a run", ["leaf_runs"], (rows, random) =>
        {
            var gap = rows.Gap(random);

            // Where a run begins with each of these leaves, none is left to hide.
            return Enumerable.Range(1, (int)gap - 1).All(rows.RunStarts.Contains) ? null : Text(
                $"""
                insert into {"{s}"}.leaf_runs
                select i, {gap} from generate_series(1, {gap - 1}) i
                where not exists (select from {"{s}"}.leaf_runs r where r.first_index = i)
                order by i desc limit 1
                """);
        });
        yield return Head("change the root", "root = sha256(root)");
        yield return Head("make the log longer", "tree_size = tree_size + 1, last_position = last_position + 1");
        yield return Head("make the log shorter", "tree_size = tree_size - 1");
        yield return Head("move the end of the log", "last_position = last_position + 1");
        yield return new Tampering("take the signatures away", ["tree_heads"], (_, _) =>
            "update {s}.tree_heads set note = null");
        yield return Head("break a signature", "note = set_byte(note, octet_length(note) - 12, 46)");
        yield return Head("change what is signed", "note = set_byte(note, 3, 46)");
        yield return new Tampering("cut the log off", ["tree_heads"], (_, _) =>
            "delete from {s}.tree_heads where tree_size = (select max(tree_size) from {s}.tree_heads)");
        yield return new Tampering("take the log away", ["tree_heads", "tiles", "leaf_runs"], (_, _) =>
            "delete from {s}.tree_heads; delete from {s}.tiles; delete from {s}.leaf_runs");
    }

    private static Guid NewId(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static string Flip(string column, ReadOnlyMemory<byte> bytes, Random random) =>
        Flip(column, bytes.Length, random);

    private static string Flip(string column, int length, Random random)
    {
        var bit = random.Next(length * 8);
        return Text($"{column} = set_bit({column}, {bit}, 1 - get_bit({column}, {bit}))");
    }

    private static string Copy(StoredRows rows, Random random, string version, string key) => Text(
        $"""
        insert into {"{s}"}.events
        select {rows.Gap(random)}, {key}, {version}, schema_version, occurred_at, recorded_at, event_id,
          previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id,
          metadata, payload
        from {"{s}"}.events where position = {rows.Any(random).Position}
        """);

    private static string? Swap((StoredRow First, StoredRow Second) pair, params string[] columns) => pair
        is var (first, second) && first.Event.PayloadUtf8.Span.SequenceEqual(second.Event.PayloadUtf8.Span)
        ? null
        : Text(
            $"""
            update {"{s}"}.events e set {string.Join(", ", columns.Select(column => $"{column} = o.{column}"))}
            from {"{s}"}.events o
            where e.position in ({first.Position}, {second.Position}) and o.position in ({first.Position}, {second.Position})
              and e.position <> o.position
            """);

    private static Tampering Event(string name, Func<StoredRow, Random, string> change) =>
        new(name, ["events"], (rows, random) =>
        {
            var row = rows.Any(random);
            return Text($"update {"{s}"}.events set {change(row, random)} where position = {row.Position}");
        });

    private static Tampering Stream(string name, string change) => new(name, ["streams"], (rows, random) => Text(
        $"update {"{s}"}.streams set {change} where stream_key = {rows.Pair(random).First.StreamKey}"));

    private static Tampering Id(string name, string change) => new(name, ["event_ids"], (rows, random) => Text(
        $"{change} where event_id = '{rows.Any(random).Event.Id}'"));

    private static Tampering Run(string name, string change) => new(name, ["leaf_runs"], (_, random) => Text(
        $"""
        {change} where first_index = (
          select first_index from {"{s}"}.leaf_runs order by first_index desc limit 1 offset {random.Next(3)})
        """));

    private static Tampering Head(string name, string change) => new(name, ["tree_heads"], (_, _) => Text(
        $"update {"{s}"}.tree_heads set {change} where tree_size = (select max(tree_size) from {"{s}"}.tree_heads)"));
}
