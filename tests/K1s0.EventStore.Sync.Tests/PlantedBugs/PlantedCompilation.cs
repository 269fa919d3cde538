using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// Compiles the package and the simulation into one assembly that has every mistake in a branch of its own: a thread
/// chooses which it makes. The sources travel inside of this assembly, so they are those that it was built from, and the
/// product carries no switch for its tests.
/// </summary>
internal static class PlantedCompilation
{
    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Preview);

    private static readonly string[] Namespaces =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading",
        "System.Threading.Tasks",
    ];

    private static readonly Lazy<Assembly> Compiled = new(Compile);

    private static readonly Lazy<Func<int, ulong, int, string?>> Finding = new(
        () => Method<Func<int, ulong, int, string?>>("Planted", "FindFailure"));

    private static readonly Lazy<Func<ulong, string>> Printing = new(() => Method<Func<ulong, string>>("Simulator", "Fingerprint"));

    /// <summary>Looks for a seed that fails with a mistake.</summary>
    public static string? FindFailure(PlantedBug bug, ulong first, int count) =>
        Finding.Value(NumberOf(bug), first, count);

    /// <summary>Runs a seed without a mistake.</summary>
    public static string? Run(ulong seed) => Finding.Value(0, seed, 1);

    /// <summary>A fingerprint of a run without a mistake.</summary>
    public static string Fingerprint(ulong seed) => Printing.Value(seed);

    // 0 is none.
    private static int NumberOf(PlantedBug bug) => 1 + PlantedBugs.All.TakeWhile(one => !ReferenceEquals(one, bug)).Count();

    private static T Method<T>(string type, string name)
        where T : Delegate =>
        Compiled.Value.GetType($"K1s0.EventStore.Sync.Simulation.{type}", throwOnError: true)!.GetMethod(name)!.CreateDelegate<T>();

    private static Assembly Compile()
    {
        var bugs = PlantedBugs.All.ToLookup(bug => bug.File, StringComparer.Ordinal);
        var texts = Sources();
        bugs.Should().OnlyContain(file => texts.ContainsKey(file.Key), "mistakes are made in files that exist");
        var trees = texts.Select(text => PlantedTree.Plant(
            Parse(text.Value), [.. bugs[text.Key].Select(bug => (NumberOf(bug), bug))], Parse));
        using var assembly = new MemoryStream();
        var result = CSharpCompilation.Create("K1s0.EventStore.Sync.Planted", trees, References(), Options()).Emit(assembly);
        result.Diagnostics.Where(found => found.Severity is DiagnosticSeverity.Error).Should().BeEmpty();
        assembly.Position = 0;
        return new AssemblyLoadContext("planted").LoadFromStream(assembly);
    }

    private static CSharpCompilationOptions Options() => new(
        OutputKind.DynamicallyLinkedLibrary,
        optimizationLevel: OptimizationLevel.Release,
        nullableContextOptions: NullableContextOptions.Enable);

    private static IEnumerable<MetadataReference> References() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("K1s0.EventStore.Sync", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path));

    private static Dictionary<string, string> Sources()
    {
        var here = typeof(PlantedCompilation).Assembly;
        var texts = here.GetManifestResourceNames()
            .Where(name => name.StartsWith("source/", StringComparison.Ordinal))
            .ToDictionary(name => name["source/".Length..], name => Text(here, name), StringComparer.Ordinal);
        texts.Add("usings", string.Concat(Namespaces.Select(space => $"global using global::{space};")));
        return texts;
    }

    private static SyntaxTree Parse(string text) => CSharpSyntaxTree.ParseText(text, Parsing);

    private static string Text(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
