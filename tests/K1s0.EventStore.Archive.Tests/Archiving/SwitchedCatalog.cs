using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>The books of one database, and then of another one: it was restored under a process that went on.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives a class from it.")]
[SuppressMessage("Design", "MA0053", Justification = "DispatchProxy derives a class from it.")]
internal class SwitchedCatalog : DispatchProxy
{
    private IArchiveCatalog? _target;

    public static IArchiveCatalog To(IArchiveCatalog target)
    {
        var proxy = Create<IArchiveCatalog, SwitchedCatalog>();
        Switch(proxy, target);
        return proxy;
    }

    public static void Switch(IArchiveCatalog proxy, IArchiveCatalog target) =>
        ((SwitchedCatalog)(object)proxy)._target = target;

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Invoke(_target, args);
}
