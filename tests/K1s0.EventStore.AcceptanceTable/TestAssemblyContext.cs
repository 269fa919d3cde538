using System.Reflection;
using System.Runtime.Loader;

namespace K1s0.EventStore.AcceptanceTable;

/// <summary>Loads a test assembly to look at it, with what lies beside it.</summary>
internal sealed class TestAssemblyContext(string assemblyFile) : AssemblyLoadContext
{
    private readonly AssemblyDependencyResolver _resolver = new(assemblyFile);

    protected override Assembly? Load(AssemblyName assemblyName) =>
        _resolver.ResolveAssemblyToPath(assemblyName) is { } file ? LoadFromAssemblyPath(file) : null;
}
