using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>Reads what <c>git log --raw -z</c> prints in the format given here.</summary>
/// <remarks>
/// <code>
/// commit ID LF author time LF commit time LF author LF message NUL
///     [LF]:MODE MODE ID ID STATUS NUL path NUL                          once for each changed file
/// commit ...
/// </code>
/// A path follows its entry at once, so nothing that stands in a path or a message can be taken for something else.
/// </remarks>
internal static class RawLog
{
    public const string Format = "--format=tformat:commit %H%n%at%n%ct%n%an <%ae>%n%B";

    private const string CommitMark = "commit ";

    public static async IAsyncEnumerable<Commit> ReadAsync(
        IAsyncEnumerable<byte[]> tokens, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Commit? commit = null;
        string? entry = null;
        List<FileChange> changes = [];
        await foreach (var token in tokens.WithCancellation(cancellationToken))
        {
            if (entry is not null)
            {
                changes.Add(ParseEntry(entry, GitPath.FromBytes(token)));
                entry = null;
                continue;
            }

            var text = Encoding.UTF8.GetString(token).TrimStart('\n');
            if (text.StartsWith(':') && commit is not null)
            {
                entry = text;
            }
            else if (text.StartsWith(CommitMark, StringComparison.Ordinal))
            {
                if (commit is not null)
                {
                    yield return commit;
                }

                changes = [];
                commit = ParseCommit(text, changes);
            }
            else
            {
                throw Unexpected(text);
            }
        }

        if (entry is not null)
        {
            throw Unexpected(entry);
        }

        if (commit is not null)
        {
            yield return commit;
        }
    }

    private static Commit ParseCommit(string text, List<FileChange> changes)
    {
        var lines = text[CommitMark.Length..].Split('\n', 5);
        return lines.Length < 5
            ? throw Unexpected(text)
            : new Commit
            {
                Id = lines[0],
                AuthorTime = ParseTime(lines[1]),
                CommitTime = ParseTime(lines[2]),
                Author = lines[3],
                Message = lines[4].TrimEnd('\n'),
                Changes = changes,
            };
    }

    // A commit that another program wrote may have no readable time; it is still a commit.
    private static long ParseTime(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;

    private static FileChange ParseEntry(string entry, GitPath path)
    {
        var fields = entry[1..].Split(' ');
        return fields switch
        {
            [_, var mode, _, var id, "A"] => new FileChange(FileChangeKind.Added, path, new GitObject(mode, id)),
            [_, var mode, _, var id, "M" or "T"] =>
                new FileChange(FileChangeKind.Modified, path, new GitObject(mode, id)),
            [_, _, _, _, "D"] => new FileChange(FileChangeKind.Deleted, path, After: null),
            _ => throw Unexpected(entry),
        };
    }

    private static InvalidDataException Unexpected(string text) =>
        new($"git printed something unexpected: '{(text.Length > 80 ? text[..80] : text)}'.");
}
