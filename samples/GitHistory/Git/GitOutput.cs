using System.Diagnostics;

namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>A running git, whose output is read while it is written. Disposing it early stops git.</summary>
internal sealed class GitOutput : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    public GitOutput(Process process)
    {
        _process = process;
        process.StandardInput.Close();

        // Read all the time: a full pipe would stop git. git's own messages are short.
        _errors = process.StandardError.ReadToEndAsync();
    }

    public Stream Stream => _process.StandardOutput.BaseStream;

    /// <summary>The output as text, without the line's end.</summary>
    /// <returns>null when git reported a failure.</returns>
    public async Task<string?> ReadLineOrFailureAsync(CancellationToken cancellationToken)
    {
        var text = await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode == 0 ? text.TrimEnd('\n', '\r') : null;
    }

    /// <summary>What git complained about, in one line.</summary>
    public async Task<string> ReadErrorsAsync() => (await _errors).Trim().ReplaceLineEndings(" ");

    /// <summary>To be called at the end: a git that failed half-way must not look like a short history.</summary>
    public async Task EnsureSuccessAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        if (_process.ExitCode != 0)
        {
            throw new UnusableRepositoryException(
                $"git stopped with exit code {_process.ExitCode}: {await ReadErrorsAsync()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
