using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace K1s0.EventStore.Sqlite.CrashWriter;

/// <summary>
/// An append that both processes can build from its name alone: the one that writes it, and the one that checks what
/// became of it.
/// </summary>
/// <param name="Stream">The id of the stream.</param>
/// <param name="Key">Names the append; no other has it.</param>
/// <param name="Count">How many events it has.</param>
/// <param name="Bytes">How long each payload is, roughly.</param>
internal sealed record Attempt(string Stream, string Key, int Count, int Bytes)
{
    private static readonly DateTimeOffset OccurredAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public StreamId StreamId => new("lane", Stream);

    public EventEnvelope[] Events => [.. Enumerable.Range(0, Count).Select(Event)];

    public static Attempt Parse(string text)
    {
        var parts = text.Split(' ');
        return new Attempt(
            parts[0],
            parts[1],
            int.Parse(parts[2], CultureInfo.InvariantCulture),
            int.Parse(parts[3], CultureInfo.InvariantCulture));
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Stream} {Key} {Count} {Bytes}");

    private EventEnvelope Event(int number)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{Key} {number}"));
        var payload = $$"""{"key":"{{Key}}","number":{{number}},"filling":"{{new string('x', Bytes)}}"}""";
        return new EventEnvelope(
            new Guid(digest.AsSpan(0, 16)),
            StreamId,
            0,
            "Written",
            Encoding.UTF8.GetBytes(payload),
            ReadOnlyMemory<byte>.Empty,
            OccurredAt);
    }
}
