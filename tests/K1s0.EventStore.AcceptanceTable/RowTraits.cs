using System.Reflection;

namespace K1s0.EventStore.AcceptanceTable;

/// <summary>
/// Which acceptance rows a test carries. Result files do not say, so the traits are read out of the test's assembly,
/// where a test that a class inherits from a suite brings the suite's traits along.
/// </summary>
internal sealed class RowTraits
{
    private const string TraitAttribute = "Xunit.TraitAttribute";
    private const string RowTrait = "Row";

    private readonly Dictionary<string, Assembly> _assemblies = new(StringComparer.Ordinal);

    public IReadOnlySet<string> Of(TestOutcome test)
    {
        if (!_assemblies.TryGetValue(test.AssemblyFile, out var assembly))
        {
            assembly = new TestAssemblyContext(test.AssemblyFile).LoadFromAssemblyPath(test.AssemblyFile);
            _assemblies.Add(test.AssemblyFile, assembly);
        }

        var type = assembly.GetType(test.ClassName)
            ?? throw new InvalidDataException($"{test.AssemblyFile} has no class {test.ClassName}: build it again.");
        var carriers = type
            .GetMember(test.Method, BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public)
            .SelectMany(WithBaseDefinition)
            .Concat(WithBases(type));
        return carriers.SelectMany(Rows).ToHashSet(StringComparer.Ordinal);
    }

    private static IEnumerable<MemberInfo> WithBaseDefinition(MemberInfo member) =>
        member is MethodInfo method ? [method, method.GetBaseDefinition()] : [member];

    private static IEnumerable<Type> WithBases(Type type)
    {
        for (var current = type; current is not null; current = current.BaseType)
        {
            yield return current;
        }
    }

    private static IEnumerable<string> Rows(MemberInfo carrier) =>
        from attribute in carrier.GetCustomAttributesData()
        where string.Equals(attribute.AttributeType.FullName, TraitAttribute, StringComparison.Ordinal)
            && attribute.ConstructorArguments is [{ Value: RowTrait }, _]
        select (string)attribute.ConstructorArguments[1].Value!;
}
