using System.Reflection;
using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>What users of an assembly can name: one line a type and one a member, sorted, in the words of C#.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public
        | BindingFlags.NonPublic;

    // What the compiler adds to a record; that the type is a record says it all.
    private static readonly string[] RecordMembers =
        ["Equals", "GetHashCode", "ToString", "PrintMembers", "<Clone>$", "op_Equality", "op_Inequality"];

    public static IReadOnlyList<string> Describe(Assembly assembly) =>
    [
        .. assembly.GetExportedTypes()
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .SelectMany((type, index) => index == 0 ? Describe(type) : Describe(type).Prepend("")),
    ];

    private static IEnumerable<string> Describe(Type type) =>
        Members(type).Order(StringComparer.Ordinal).Select(member => "    " + member).Prepend(Declaration(type));

    private static string Declaration(Type type)
    {
        var name = $"{type.Namespace}.{TypeNames.Of(type).Split('.')[^1]}";
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return $"delegate {Signatures.Of(type.GetMethod("Invoke")!)} {name}";
        }

        var bases = type.GetInterfaces()
            .Except(type.BaseType?.GetInterfaces() ?? [])
            .Select(TypeNames.Of)
            .Order(StringComparer.Ordinal);
        if (type.IsClass && type.BaseType is { } parent && parent != typeof(object))
        {
            bases = bases.Prepend(TypeNames.Of(parent)).Order(StringComparer.Ordinal);
        }

        var heritage = type.IsEnum ? TypeNames.Of(Enum.GetUnderlyingType(type)) : string.Join(", ", bases);
        var constraints = Signatures.Constraints(type.GetGenericArguments());
        return $"{Kind(type)} {name}{(heritage.Length > 0 ? $" : {heritage}" : "")}{constraints}";
    }

    private static string Kind(Type type)
    {
        if (type.IsEnum)
        {
            return "enum";
        }

        if (type.IsInterface)
        {
            return "interface";
        }

        if (type.IsValueType)
        {
            var isReadOnly = type.IsDefined(typeof(IsReadOnlyAttribute), inherit: false);
            return $"{(isReadOnly ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}"
                + $"{(IsRecord(type, "PrintMembers") ? "record " : "")}struct";
        }

        var modifier = (type.IsAbstract, type.IsSealed) switch
        {
            (true, true) => "static ",
            (true, false) => "abstract ",
            (false, true) => "sealed ",
            _ => "",
        };
        return modifier + (IsRecord(type, "<Clone>$") ? "record" : "class");
    }

    private static bool IsRecord(Type type, string synthesizedMethod) =>
        type.GetMethods(Declared).Any(method =>
            string.Equals(method.Name, synthesizedMethod, StringComparison.Ordinal) && IsGenerated(method));

    private static IEnumerable<string> Members(Type type)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return [];
        }

        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), null)}");
        }

        return type.GetFields(Declared).Where(IsVisible).Select(Signatures.Of)
            .Concat(type.GetConstructors(Declared).Where(IsVisible).Select(Signatures.Of))
            .Concat(type.GetProperties(Declared).Where(IsVisible).Select(Signatures.Of))
            .Concat(type.GetEvents(Declared).Where(e => IsVisible(e.AddMethod!)).Select(Signatures.Of))
            .Concat(type.GetMethods(Declared).Where(IsPartOfTheSurface).Select(Signatures.Of));
    }

    private static bool IsPartOfTheSurface(MethodInfo method)
    {
        var isAccessor = method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);
        var isSynthesized = IsGenerated(method) && RecordMembers.Contains(method.Name, StringComparer.Ordinal);
        return IsVisible(method) && !isAccessor && !isSynthesized;
    }

    private static bool IsVisible(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsVisible(PropertyInfo property) => property.GetAccessors(nonPublic: true).Any(IsVisible);

    private static bool IsGenerated(MethodInfo method) =>
        method.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);
}
