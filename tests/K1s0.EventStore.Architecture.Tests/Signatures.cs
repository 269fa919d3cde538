using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>Members as C# writes them: modifiers, types, names, default values.</summary>
internal static class Signatures
{
    public static string Of(FieldInfo field)
    {
        var value = field.IsLiteral ? $" = {Literal(field.GetRawConstantValue(), field.FieldType)}" : "";
        var modifier = (field.IsLiteral, field.IsStatic, field.IsInitOnly) switch
        {
            (true, _, _) => "const ",
            (_, true, true) => "static readonly ",
            (_, true, _) => "static ",
            (_, _, true) => "readonly ",
            _ => "",
        };
        return $"{Access(field.IsPublic)}{modifier}{TypeNames.Of(field.FieldType)} {field.Name}{value}";
    }

    public static string Of(ConstructorInfo constructor) =>
        $"{Access(constructor.IsPublic)}{TypeNames.Of(constructor.DeclaringType!).Split('<')[0].Split('.')[^1]}"
        + $"({Parameters(constructor)})";

    public static string Of(EventInfo member) =>
        $"{Modifiers(member.AddMethod!)}event {TypeNames.Of(member.EventHandlerType!)} {member.Name}";

    public static string Of(PropertyInfo property)
    {
        var accessors = new List<string>();
        if (property.GetMethod is { IsPrivate: false, IsAssembly: false } getter)
        {
            accessors.Add($"{Access(getter.IsPublic)}get;");
        }

        if (property.SetMethod is { IsPrivate: false, IsAssembly: false } setter)
        {
            var isInit = setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
            accessors.Add($"{Access(setter.IsPublic)}{(isInit ? "init;" : "set;")}");
        }

        var required = property.IsDefined(typeof(RequiredMemberAttribute), inherit: false) ? "required " : "";
        var index = property.GetIndexParameters() is { Length: > 0 } parameters
            ? $"[{string.Join(", ", parameters.Select(Of))}]"
            : "";
        var modifiers = Modifiers(property.GetMethod ?? property.SetMethod!);
        return $"{modifiers}{required}{TypeNames.Of(property.PropertyType)} {property.Name}{index} "
            + $"{{ {string.Join(' ', accessors)} }}";
    }

    public static string Of(MethodInfo method)
    {
        var generic = method.GetGenericArguments();
        var arguments = generic.Length > 0 ? $"<{string.Join(", ", generic.Select(TypeNames.Of))}>" : "";
        var byReference = method.ReturnType.IsByRef ? "ref " : "";
        return $"{Modifiers(method)}{byReference}{TypeNames.Of(method.ReturnType)} {method.Name}{arguments}"
            + $"({Parameters(method)}){Constraints(generic)}";
    }

    public static string Constraints(IEnumerable<Type> parameters) =>
        string.Concat(parameters.Where(parameter => parameter.IsGenericParameter).Select(parameter =>
        {
            var attributes = parameter.GenericParameterAttributes;
            var limits = parameter.GetGenericParameterConstraints()
                .Select(TypeNames.Of)
                .Order(StringComparer.Ordinal)
                .ToList();
            if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            {
                limits.Insert(0, "class");
            }

            if (attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
            {
                limits.Insert(0, "struct");
            }
            else if (attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint))
            {
                limits.Add("new()");
            }

            return limits.Count > 0 ? $" where {parameter.Name} : {string.Join(", ", limits)}" : "";
        }));

    private static string Modifiers(MethodInfo method)
    {
        if (method.DeclaringType!.IsInterface && !method.IsStatic)
        {
            return method.IsAbstract ? "" : "virtual ";
        }

        var isOverride = method.GetBaseDefinition() != method;
        var isOpen = method is { IsVirtual: true, IsFinal: false };
        var modifier = (method.IsStatic, isOverride, method.IsAbstract, isOpen) switch
        {
            (true, _, _, _) => "static ",
            (_, true, _, _) => "override ",
            (_, _, true, _) => "abstract ",
            (_, _, _, true) => "virtual ",
            _ => "",
        };
        return Access(method.IsPublic) + modifier;
    }

    private static string Access(bool isPublic) => isPublic ? "" : "protected ";

    private static string Parameters(MethodBase method)
    {
        var extension = method.IsDefined(typeof(ExtensionAttribute), inherit: false) ? "this " : "";
        return extension + string.Join(", ", method.GetParameters().Select(Of));
    }

    private static string Of(ParameterInfo parameter)
    {
        var modifier = (parameter.ParameterType.IsByRef, parameter.IsOut, parameter.IsIn) switch
        {
            (true, true, _) => "out ",
            (true, _, true) => "in ",
            (true, _, _) => "ref ",
            _ => "",
        };
        var isOpen = parameter.IsDefined(typeof(ParamArrayAttribute), inherit: false)
            || parameter.IsDefined(typeof(ParamCollectionAttribute), inherit: false);
        var fallback = parameter.HasDefaultValue
            ? $" = {Literal(parameter.RawDefaultValue, parameter.ParameterType)}"
            : "";
        return $"{(isOpen ? "params " : modifier)}{TypeNames.Of(parameter.ParameterType)} {parameter.Name}{fallback}";
    }

    private static string Literal(object? value, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null => plain == type && type.IsValueType ? "default" : "null",
            string text => $"\"{text}\"",
            char character => $"'{character}'",
            bool truth => truth ? "true" : "false",
            _ when plain.IsEnum => $"{plain.Name}.{Enum.ToObject(plain, value)}",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }
}
