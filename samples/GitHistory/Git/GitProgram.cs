using System.ComponentModel;
using System.Diagnostics;

namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>Starts git: no shell, separate arguments, and an environment that cannot point it elsewhere.</summary>
internal sealed class GitProgram(string program = "git")
{
    // What a hook or an outer git sets would win over -C.
    private static readonly string[] Redirections =
    [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES", "GIT_GRAFT_FILE",
    ];

    public GitOutput Start(string directory, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };

        // Replacement objects would show a history that is not the one that the ids stand for.
        string[] common = ["--no-pager", "--no-replace-objects", "-C", directory];
        foreach (var argument in (ReadOnlySpan<string>)[.. common, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var variable in Redirections)
        {
            start.Environment.Remove(variable);
        }

        start.Environment["LC_ALL"] = "C";
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        try
        {
            return new GitOutput(Process.Start(start)!);
        }
        catch (Win32Exception e)
        {
            throw new UnusableRepositoryException(
                $"The program '{program}' cannot be started ({e.Message}). Install git, so that it is on the PATH.",
                e);
        }
    }
}
