using System.Globalization;

namespace K1s0.EventStore.Samples.Tests.Repositories;

/// <summary>
/// Makes up a history: additions, changes, deletions, renames, changed modes, links, submodules, folders that become
/// files and files that become folders, merges, commits without a change. The same seed gives the same history.
/// </summary>
internal sealed class RandomHistory(int seed)
{
    private const string Branch = "main";
    private static readonly string[] FileModes = ["100644", "100644", "100644", "100755", "120000"];

    private readonly Random _random = new(seed);
    private readonly List<string> _paths = [];
    private readonly Dictionary<string, string> _contents = new(StringComparer.Ordinal);
    private int _mark;
    private int _names;
    private long _time = 1_700_000_000;

    /// <summary>Goes on with the history.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="commits">How many commits the branch gets, those of merged branches not counted.</param>
    public void Write(FastImportWriter writer, int commits)
    {
        // Marks live as long as one import does; what is there already has a name.
        var tip = _mark == 0 ? null : $"refs/heads/{Branch}^0";
        for (var i = 0; i < commits; i++)
        {
            var branches = tip is not null && _random.Next(12) == 0 ? WriteBranches(writer, tip) : [];
            StartCommit(writer, Branch, tip);
            foreach (var (mark, _) in branches)
            {
                writer.Merge(mark);
            }

            if (_mark == 1)
            {
                AddOddPaths(writer);
            }

            // A merge may bring what the branch did, only a part of it, or something else altogether.
            foreach (var path in branches.SelectMany(branch => branch.Paths).Where(_ => _random.Next(4) > 0))
            {
                Put(writer, path);
            }

            Change(writer, changes: branches.Count > 0 ? _random.Next(2) : (_random.Next(8) + 1) / 2);
            writer.EndCommit();
            tip = $":{_mark}";
        }
    }

    private void AddOddPaths(FastImportWriter writer)
    {
        foreach (var path in OddPaths.All)
        {
            Put(writer, path);
        }
    }

    private List<(int Mark, List<string> Paths)> WriteBranches(FastImportWriter writer, string from)
    {
        List<(int Mark, List<string> Paths)> branches = [];
        for (var branch = _random.Next(5) == 0 ? 2 : 1; branch > 0; branch--)
        {
            List<string> paths = [];
            var tip = from;
            for (var commit = _random.Next(1, 4); commit > 0; commit--)
            {
                StartCommit(writer, $"side-{branch}", tip);
                var path = NewPath();
                writer.Modify(path, "100644", Content());
                writer.EndCommit();
                paths.Add(path);
                tip = $":{_mark}";
            }

            branches.Add((_mark, paths));
        }

        return branches;
    }

    private void StartCommit(FastImportWriter writer, string branch, string? from)
    {
        _time += _random.Next(-3_600, 36_000);
        var time = _random.Next(200) switch { 0 => 0, 1 => 99_999_999_999_999, _ => _time };
        var author = _random.Next(20) switch
        {
            0 => "Jos\xe9 <jose@latin1>",
            1 => "<>",
            2 => "\"Quote\" \\ O'Brien <a@b>",
            var n => $"Author {n} <author{n}@example.org>",
        };
        var message = _random.Next(20) switch
        {
            0 => string.Empty,
            1 => ":100644 100644 0000000 0000000 A",
            2 => "commit 0000\n\ncommit 1111\n:x",
            3 when _random.Next(20) == 0 => new string('m', 100_000),
            4 => "latin1 \xe9t\xe9\n\n\n",
            var n => $"Change number {n}\n\nWith a body.\n",
        };
        writer.StartCommit(branch, ++_mark, author, time, message);
        if (from is not null)
        {
            writer.From(from);
        }
    }

    private void Change(FastImportWriter writer, int changes)
    {
        for (; changes > 0; changes--)
        {
            switch (_paths.Count < 20 ? 0 : _random.Next(20))
            {
                case < 8:
                    Put(writer, NewPath());
                    break;
                case < 13:
                    Put(writer, AnyPath());
                    break;
                case 13:
                    ChangeMode(writer, AnyPath());
                    break;
                case < 16:
                    Remove(writer, AnyPath());
                    break;
                case 16:
                    Remove(writer, FolderOf(AnyPath()));
                    break;
                case 17:
                    Rename(writer, AnyPath());
                    break;
                case 18:
                    PutSubmodule(writer, NewPath());
                    break;
                default:
                    Put(writer, AnyPath() + "/became a folder");
                    break;
            }
        }
    }

    private void Put(FastImportWriter writer, string path)
    {
        _contents[path] = Content();
        writer.Modify(Forget(path), FileModes[_random.Next(FileModes.Length)], _contents[path]);
        _paths.Add(path);
    }

    // Where the content is the same and the mode is another, only the mode changes.
    private void ChangeMode(FastImportWriter writer, string path) =>
        writer.Modify(path, FileModes[_random.Next(FileModes.Length)], _contents.GetValueOrDefault(path, string.Empty));

    private void PutSubmodule(FastImportWriter writer, string path)
    {
        writer.Submodule(Forget(path), Convert.ToHexStringLower(Bytes(20)));
        _paths.Add(path);
    }

    private void Remove(FastImportWriter writer, string path) => writer.Delete(Forget(path));

    private void Rename(FastImportWriter writer, string path)
    {
        var to = NewPath();
        if (!string.Equals(path, to, StringComparison.Ordinal))
        {
            Forget(path);
            writer.Rename(path, Forget(to));
            _paths.Add(to);
        }
    }

    // What stands in the way of a path is replaced: files below it, and files where it needs folders.
    private string Forget(string path)
    {
        _paths.RemoveAll(other => IsAtOrBelow(path, other) || IsAtOrBelow(other, path));
        return path;
    }

    private static bool IsAtOrBelow(string folder, string path) =>
        path.StartsWith(folder, StringComparison.Ordinal)
        && (path.Length == folder.Length || path[folder.Length] == '/');

    private static string FolderOf(string path) => path.LastIndexOf('/') is var at and > 0 ? path[..at] : path;

    private string AnyPath() => _paths[_random.Next(_paths.Count)];

    private string NewPath()
    {
        var name = _random.Next(5) == 0
            ? OddPaths.All[_random.Next(OddPaths.All.Count)]
            : string.Create(CultureInfo.InvariantCulture, $"file {++_names}.txt");
        return _random.Next(3) switch
        {
            0 => name,
            1 => $"folder {_random.Next(10)}/{name}",
            _ => $"src/{_random.Next(20)}/{_random.Next(5)}/{name}",
        };
    }

    private string Content() => _random.Next(10) switch
    {
        0 => string.Empty,
        1 => "the same\n",
        _ => Convert.ToBase64String(Bytes(_random.Next(1, 60))) + '\n',
    };

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }
}
