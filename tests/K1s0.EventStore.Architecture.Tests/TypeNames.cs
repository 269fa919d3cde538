namespace K1s0.EventStore.Architecture.Tests;

/// <summary>Types as C# writes them, without nullability of references.</summary>
internal static class TypeNames
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
    };

    // Namespaces that every file has: leaving them out keeps the lines short and hides nothing.
    private static readonly string[] Implied =
    [
        "System", "System.Collections.Generic", "System.Threading", "System.Threading.Tasks", "K1s0.EventStore",
    ];

    public static string Of(Type type)
    {
        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword;
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        if (type.HasElementType)
        {
            var element = Of(type.GetElementType()!);
            var rank = type.IsArray ? $"[{new string(',', type.GetArrayRank() - 1)}]" : "";
            return element + rank + (type.IsPointer ? "*" : "");
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying) + "?";
        }

        var arguments = type.GetGenericArguments();
        var generic = arguments.Length > 0 ? $"<{string.Join(", ", arguments.Select(Of))}>" : "";
        var name = type.Name.Split('`')[0] + generic;
        if (type.DeclaringType is { } outer)
        {
            return $"{Of(outer)}.{name}";
        }

        return Implied.Contains(type.Namespace, StringComparer.Ordinal) ? name : $"{type.Namespace}.{name}";
    }
}
