using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// Compiles the package and the simulation into one assembly, with a mistake in one place. The sources travel inside of
/// this assembly, so they are those that it was built from, and the product carries no switch for its tests.
/// </summary>
internal static class PlantedCompilation
{
    private static readonly CSharpParseOptions Parsing = new(LanguageVersion.Preview);

    private static readonly string[] Namespaces =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading",
        "System.Threading.Tasks",
    ];

    private static readonly Lazy<(Dictionary<string, SyntaxTree> Trees, CSharpCompilation Whole)> Sources = new(Read);

    /// <summary>The method that looks for a seed that fails.</summary>
    public static Func<ulong, int, string?> Build(PlantedBug? bug)
    {
        var (trees, whole) = Sources.Value;
        if (bug is not null)
        {
            var tree = trees[bug.File];
            var text = tree.ToString();
            var at = text.IndexOf(bug.Right, StringComparison.Ordinal);
            at.Should().BeGreaterThanOrEqualTo(0, $"{bug.File} has the place of '{bug.Name}'");
            text.IndexOf(bug.Right, at + 1, StringComparison.Ordinal).Should().Be(-1, "there is one such place");
            whole = whole.ReplaceSyntaxTree(
                tree, Parse(string.Concat(text.AsSpan(0, at), bug.Wrong, text.AsSpan(at + bug.Right.Length))));
        }

        using var assembly = new MemoryStream();
        var result = whole.Emit(assembly);
        result.Diagnostics.Where(found => found.Severity is DiagnosticSeverity.Error).Should().BeEmpty();
        assembly.Position = 0;
        var simulator = new AssemblyLoadContext(bug?.Name)
            .LoadFromStream(assembly).GetType("K1s0.EventStore.Sync.Simulation.Simulator", throwOnError: true)!;
        return simulator.GetMethod("FindFailure")!.CreateDelegate<Func<ulong, int, string?>>();
    }

    private static (Dictionary<string, SyntaxTree> Trees, CSharpCompilation Whole) Read()
    {
        var here = typeof(PlantedCompilation).Assembly;
        var trees = here.GetManifestResourceNames()
            .Where(name => name.StartsWith("source/", StringComparison.Ordinal))
            .ToDictionary(name => name["source/".Length..], name => Parse(Text(here, name)), StringComparer.Ordinal);
        trees.Add("usings", Parse(string.Concat(Namespaces.Select(space => $"global using global::{space};"))));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("K1s0.EventStore.Sync", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path));
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            optimizationLevel: OptimizationLevel.Release,
            nullableContextOptions: NullableContextOptions.Enable);
        return (trees, CSharpCompilation.Create("K1s0.EventStore.Sync.Planted", trees.Values, references, options));
    }

    private static SyntaxTree Parse(string text) => CSharpSyntaxTree.ParseText(text, Parsing);

    private static string Text(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
