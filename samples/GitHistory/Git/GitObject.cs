namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>A file, a symbolic link (mode 120000) or the commit of a submodule (mode 160000).</summary>
internal readonly record struct GitObject(string Mode, string Id)
{
    public override string ToString() => $"{Mode} {Id}";
}
