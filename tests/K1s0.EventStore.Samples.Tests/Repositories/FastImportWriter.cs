using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Samples.Tests.Repositories;

/// <summary>Writes the input of <c>git fast-import</c>. Paths are bytes, kept as one character each.</summary>
internal sealed class FastImportWriter(Stream stream) : IAsyncDisposable
{
    private readonly BufferedStream _stream = new(stream, 256 * 1024);

    public void StartCommit(string branch, int mark, string author, long time, string message)
    {
        Line($"commit refs/heads/{branch}");
        Line($"mark :{mark}");
        Line($"author {author} {time} +0200");
        Line($"committer {author} {time + 60} -0330");
        Bytes(Encoding.Latin1.GetBytes(message));
    }

    public void From(string parent) => Line($"from {parent}");

    public void Merge(int mark) => Line($"merge :{mark}");

    public void Modify(string path, string mode, string content)
    {
        Line($"M {mode} inline {Quote(path)}");
        Bytes(Encoding.Latin1.GetBytes(content));
    }

    public void Submodule(string path, string commitId) => Line($"M 160000 {commitId} {Quote(path)}");

    public void Delete(string path) => Line($"D {Quote(path)}");

    public void Rename(string path, string to) => Line($"R {Quote(path)} {Quote(to)}");

    public void EndCommit() => Line($"");

    public async ValueTask DisposeAsync() => await _stream.FlushAsync();

    private static string Quote(string path)
    {
        var quoted = new StringBuilder("\"");
        foreach (var value in path)
        {
            _ = value is > ' ' and < '\x7f' and not '"' and not '\\'
                ? quoted.Append(value)
                : quoted.Append('\\').Append(Convert.ToString(value, 8).PadLeft(3, '0'));
        }

        return quoted.Append('"').ToString();
    }

    private void Bytes(byte[] bytes)
    {
        Line($"data {bytes.Length}");
        _stream.Write(bytes);
        _stream.WriteByte((byte)'\n');
    }

    private void Line(FormattableString line) =>
        _stream.Write(Encoding.Latin1.GetBytes(line.ToString(CultureInfo.InvariantCulture) + '\n'));
}
