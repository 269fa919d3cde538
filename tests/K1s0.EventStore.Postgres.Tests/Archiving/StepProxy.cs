using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>Passes calls on, and says their names before and after them.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives a class from it.")]
[SuppressMessage("Design", "MA0053", Justification = "DispatchProxy derives a class from it.")]
internal class StepProxy : DispatchProxy
{
    private object? _target;
    private Func<MethodInfo, object?[], string?>? _name;
    private Action<string>? _reached;

    /// <summary>Something that passes calls on to a target.</summary>
    /// <param name="target">What does the work.</param>
    /// <param name="name">What a call is called; null for one that is no step.</param>
    /// <param name="reached">Is told <c>before-name</c> and <c>after-name</c>.</param>
    public static TInterface Around<TInterface>(
        TInterface target, Func<MethodInfo, object?[], string?> name, Action<string> reached)
        where TInterface : class
    {
        var proxy = Create<TInterface, StepProxy>();
        var self = (StepProxy)(object)proxy;
        (self._target, self._name, self._reached) = (target, name, reached);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var name = _name!(targetMethod!, args ?? []);
        if (name is not null)
        {
            _reached!($"before-{name}");
        }

        var result = targetMethod!.Invoke(_target, args);
        if (name is not null && result is Task task)
        {
            // Registered first, so it runs before whoever awaits the task.
            _ = task.ContinueWith(
                _ => _reached!($"after-{name}"),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        return result;
    }
}
