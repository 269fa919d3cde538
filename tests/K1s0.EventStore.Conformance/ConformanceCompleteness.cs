using System.Reflection;

namespace K1s0.EventStore.Conformance;

/// <summary>Finds suites that a store forgot to derive, so that a new promise cannot pass a store by.</summary>
public static class ConformanceCompleteness
{
    /// <summary>Fails when a suite of this library has no test class in an assembly that meets a condition.</summary>
    /// <param name="assembly">The assembly with the store's test classes.</param>
    /// <param name="belongsToStore">Which of the assembly's test classes are the store's; all when null.</param>
    public static void Check(Assembly assembly, Func<Type, bool>? belongsToStore = null) =>
        ForgottenSuites(assembly, belongsToStore).Should().BeEmpty(
            "every promise of the contract is tested on every store: derive these suites in {0}",
            assembly.GetName().Name);

    /// <summary>The names of the suites that no class derives.</summary>
    /// <param name="assembly">The assembly with the store's test classes.</param>
    /// <param name="belongsToStore">Which of the assembly's test classes are the store's; all when null.</param>
    public static IReadOnlyList<string> ForgottenSuites(Assembly assembly, Func<Type, bool>? belongsToStore = null)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        var derived = assembly.GetExportedTypes()
            .Where(type => !type.IsAbstract && (belongsToStore?.Invoke(type) ?? true))
            .ToArray();
        return [.. Suites().Where(suite => !derived.Any(suite.IsAssignableFrom)).Select(suite => suite.Name)];
    }

    /// <summary>All suites: the abstract classes under <see cref="ConformanceSuite"/> that hold tests.</summary>
    public static IReadOnlyList<Type> Suites() =>
        [.. typeof(ConformanceSuite).Assembly.GetExportedTypes()
            .Where(type => type.IsAbstract && type.IsSubclassOf(typeof(ConformanceSuite)))
            .Where(type => type.GetMethods().Any(method => method.IsDefined(typeof(FactAttribute), inherit: true)))
            .OrderBy(type => type.Name, StringComparer.Ordinal)];
}
