using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using K1s0.EventStore.Samples.GitHistory.Git;

namespace K1s0.EventStore.Samples.GitHistory.Events;

/// <summary>Turns commits into events and events back into what they say about a file.</summary>
internal static class FileEvents
{
    public const string Added = "FileAdded";
    public const string Modified = "FileModified";
    public const string Deleted = "FileDeleted";

    // Metadata stands in every event of a commit, and a store limits its size.
    private const int MaxActorCharacters = 500;
    private const int MaxMessageCharacters = 4_000;

    // The years that an event may have; git allows any number of seconds.
    private static readonly long Earliest = new DateTimeOffset(1, 1, 3, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
    private static readonly long Latest = new DateTimeOffset(9998, 12, 31, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();

    /// <summary>One event for each changed file, in git's order.</summary>
    public static IReadOnlyList<EventEnvelope> Of(Commit commit)
    {
        var occurredAt = DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(commit.CommitTime, Earliest, Latest));
        var metadata = JsonSerializer.SerializeToUtf8Bytes(
            new CommitMetadata
            {
                Actor = Cut(commit.Author, MaxActorCharacters),
                CorrelationId = commit.Id,
                AuthorTime = commit.AuthorTime,
                CommitTime = commit.CommitTime,
                Message = Cut(commit.Message, MaxMessageCharacters),
            },
            GitJson.Default.CommitMetadata);
        return [.. commit.Changes.Select(change => Of(commit, change, occurredAt, metadata))];
    }

    /// <summary>The path of the file that an event is about.</summary>
    /// <exception cref="InvalidDataException">The event names a path that does not belong to its stream.</exception>
    public static GitPath PathOf(EventEnvelope envelope, FilePayload payload)
    {
        var path = payload.RawPath is { } bytes ? GitPath.FromBytes(bytes) : FileStreams.PathOf(envelope.StreamId);
        return path is not null && FileStreams.StreamOf(path) == envelope.StreamId
            ? path
            : throw new InvalidDataException($"{envelope} does not name the path of its stream.");
    }

    public static FilePayload Read(EventEnvelope envelope) =>
        JsonSerializer.Deserialize(envelope.PayloadUtf8.Span, GitJson.Default.FilePayload)
        ?? throw new InvalidDataException($"The payload of {envelope} is null.");

    /// <summary>The commit that an event belongs to.</summary>
    public static string CommitOf(EventEnvelope envelope) =>
        EventMetadata.Read(envelope.MetadataUtf8.Span).CorrelationId
        ?? throw new InvalidDataException($"{envelope} names no commit.");

    private static EventEnvelope Of(Commit commit, FileChange change, DateTimeOffset occurredAt, byte[] metadata)
    {
        var streamId = FileStreams.StreamOf(change.Path);
        var path = change.Path.ToBytes();
        var isPlain = Encoding.UTF8.GetBytes(streamId.AggregateId).AsSpan().SequenceEqual(path);
        var payload = new FilePayload(change.After?.Mode, change.After?.Id, isPlain ? null : path);
        return new EventEnvelope(
            IdOf(commit, path),
            streamId,
            version: 0,
            TypeOf(change.Kind),
            JsonSerializer.SerializeToUtf8Bytes(payload, GitJson.Default.FilePayload),
            metadata,
            occurredAt);
    }

    private static string TypeOf(FileChangeKind kind) => kind switch
    {
        FileChangeKind.Added => Added,
        FileChangeKind.Modified => Modified,
        FileChangeKind.Deleted => Deleted,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of change."),
    };

    // The same change always gets the same id, so an interrupted import can be repeated without doubling anything.
    // A version 7 UUID: the commit's time, then bits of a digest where chance would stand.
    private static Guid IdOf(Commit commit, byte[] path)
    {
        Span<byte> id = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData([.. Encoding.ASCII.GetBytes(commit.Id), 0, .. path], id);
        id = id[..16];
        var milliseconds = Math.Clamp(commit.CommitTime, 0, Latest) * 1000;
        BinaryPrimitives.WriteUInt16BigEndian(id, (ushort)(milliseconds >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(id[2..], (uint)milliseconds);
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id, bigEndian: true);
    }

    private static string Cut(string text, int maxCharacters)
    {
        if (text.Length <= maxCharacters)
        {
            return text;
        }

        // Not between the two halves of a character.
        var length = char.IsHighSurrogate(text[maxCharacters - 1]) ? maxCharacters - 1 : maxCharacters;
        return text[..length] + "…";
    }
}
