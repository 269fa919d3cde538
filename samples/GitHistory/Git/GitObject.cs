namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>What stands behind a path: a file, a symbolic link (mode 120000) or a submodule's commit (mode 160000).</summary>
internal readonly record struct GitObject(string Mode, string Id)
{
    public override string ToString() => $"{Mode} {Id}";
}
