using System.Text;
using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres.Tests.Interop;

/// <summary>The server computes digests, tags and links as the library does.</summary>
[Trait("Row", "K14")]
public sealed class SqlDigestTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int Rounds = 200;

    private static readonly string[] Alphabet =
        ["a", "Z", "0", " ", "'", "\"", "\\", "\u00e9", "\u5e97", "\ud83d\udce6", "\u0301", "-"];

    [Fact]
    public async Task Content_digest_tag_root_and_links_equal_those_of_the_library_on_random_events()
    {
        var store = await database.NewStoreAsync();
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        for (var round = 0; round < Rounds; round++)
        {
            var envelope = RandomEvent(random);
            var tag = StreamChain.Tag(envelope.StreamId);
            var (version, head) = (random.NextInt64(0, long.MaxValue - 5), Sha256Digest.Of(Bytes(random, 8)));
            Sha256Digest[] contents = [ContentDigest.Compute(envelope), Sha256Digest.Of(Bytes(random, 8))];

            var found = await ComputeAsync(connection, store, envelope, version, head, contents);

            var first = StreamChain.Next(tag, version + 1, head, contents[0]);
            var second = StreamChain.Next(tag, version + 2, first, contents[1]);
            found.Should().Equal(
                [contents[0], tag, StreamChain.Genesis(tag), first, second],
                "round {0} of seed {1} must agree", round, seed);
        }
    }

    private static EventEnvelope RandomEvent(Random random)
    {
        var stream = new StreamId(Text(random, 60), Text(random, 100));
        return new EventEnvelope(
            Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddSeconds(random.Next())),
            stream,
            0,
            Text(random, 60),
            (ReadOnlyMemory<byte>)Bytes(random, 300),
            (ReadOnlyMemory<byte>)Bytes(random, 300),
            new DateTimeOffset(random.NextInt64(TimeSpan.TicksPerDay, new DateTime(9998, 12, 31).Ticks), TimeSpan.Zero))
        {
            SchemaVersion = random.Next(1, int.MaxValue),
        };
    }

    private static string Text(Random random, int most) =>
        new StringBuilder().AppendJoin(string.Empty, random.GetItems(Alphabet, random.Next(1, most))).ToString();

    // At least one: an envelope takes empty metadata for an empty object.
    private static byte[] Bytes(Random random, int most)
    {
        var bytes = new byte[random.Next(1, most + 1)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static async Task<IReadOnlyList<Sha256Digest>> ComputeAsync(
        NpgsqlConnection connection,
        TestStore store,
        EventEnvelope envelope,
        long version,
        Sha256Digest head,
        Sha256Digest[] contents)
    {
        await using var command = new NpgsqlCommand(
            store.Named(
                """
                select {s}.content_digest($1, $2, $3, $4, $5, $6, $7, $8), t.tag, {s}.stream_root(t.tag),
                  l.links[1], l.links[2]
                from (select {s}.stream_tag($2, $3) as tag) t, {s}.chain_links(t.tag, $9, $10, $11) as l (links)
                """),
            connection);
        foreach (var value in new object[]
        {
            envelope.Id, envelope.StreamId.AggregateType, envelope.StreamId.AggregateId, envelope.EventType,
            envelope.SchemaVersion, envelope.OccurredAt.UtcDateTime, envelope.MetadataUtf8.ToArray(),
            envelope.PayloadUtf8.ToArray(), version, head.ToArray(),
        })
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        command.Parameters.Add(new NpgsqlParameter
        {
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
            Value = contents.Select(digest => digest.ToArray()).ToArray(),
        });
        await using var reader = await command.ExecuteReaderAsync();
        (await reader.ReadAsync()).Should().BeTrue();
        return [.. Enumerable.Range(0, 5).Select(column => new Sha256Digest(reader.GetFieldValue<byte[]>(column)))];
    }
}
