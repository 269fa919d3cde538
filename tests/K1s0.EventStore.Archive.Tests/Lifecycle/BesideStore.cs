using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// A bucket as one process sees it beside others: before a put, a read or a delete others may act, or it ends; and before
/// an object is looked for, if that is asked for.
/// </summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives a class from it.")]
[SuppressMessage("Design", "MA0053", Justification = "DispatchProxy derives a class from it.")]
internal class BesideStore : DispatchProxy
{
    private IObjectStore? _objects;
    private Func<string, ObjectKey, Task>? _before;
    private bool _isAskedOfHeads;

    public static IObjectStore Around(
        IObjectStore objects, Func<string, ObjectKey, Task> before, bool isAskedOfHeads = false)
    {
        var proxy = Create<IObjectStore, BesideStore>();
        ((BesideStore)(object)proxy)._isAskedOfHeads = isAskedOfHeads;
        ((BesideStore)(object)proxy)._objects = objects;
        ((BesideStore)(object)proxy)._before = before;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IObjectStore.PutIfAbsentAsync) => CallAsync<PutOutcome>(targetMethod, args!),
        nameof(IObjectStore.GetAsync) => CallAsync<StoredObject?>(targetMethod, args!),
        nameof(IObjectStore.HeadAsync) when _isAskedOfHeads => CallAsync<ObjectInfo?>(targetMethod, args!),
        nameof(IObjectStore.DeleteAsync) => DeleteAsync(targetMethod, args!),
        _ => targetMethod.Invoke(_objects, args),
    };

    private async Task<TResult> CallAsync<TResult>(MethodInfo method, object?[] args)
    {
        await _before!(method.Name, (ObjectKey)args[0]!);
        return await (Task<TResult>)method.Invoke(_objects, args)!;
    }

    private async Task DeleteAsync(MethodInfo method, object?[] args)
    {
        await _before!(method.Name, (ObjectKey)args[0]!);
        await (Task)method.Invoke(_objects, args)!;
    }
}
