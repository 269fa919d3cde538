using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>A bucket that has one name for some classes: what lies there stays as it is.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives a class from it.")]
[SuppressMessage("Design", "MA0053", Justification = "DispatchProxy derives a class from it.")]
internal class OneNameStore : DispatchProxy
{
    private IObjectStore? _objects;
    private StorageClass[] _same = [];

    /// <summary>The keys that somebody wanted to move.</summary>
    public List<ObjectKey> Moves { get; } = [];

    public static (IObjectStore Objects, OneNameStore Seen) Around(IObjectStore objects, params StorageClass[] same)
    {
        var proxy = Create<IObjectStore, OneNameStore>();
        var seen = (OneNameStore)(object)proxy;
        (seen._objects, seen._same) = (objects, same);
        return (proxy, seen);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name is nameof(IObjectStore.SetStorageClassAsync))
        {
            Moves.Add((ObjectKey)args![0]!);
            if (_same.Contains((StorageClass)args[1]!))
            {
                return Task.FromResult(true);
            }
        }

        return targetMethod.Invoke(_objects, args);
    }
}
