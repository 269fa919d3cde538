using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

public sealed class PublicTypeTests
{
    [Fact]
    public void A_public_class_is_sealed_static_or_closed_to_the_outside() =>
        Repository.SourceAssemblies
            .SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.IsClass && !type.IsSealed && !IsClosed(type))
            .Select(type => type.FullName)
            .Should().BeEmpty("a class that users can derive from is a promise nobody made");

    [Fact]
    public void No_type_bears_the_name_of_the_namespace() =>
        Repository.SourceAssemblies
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => string.Equals(type.Name, "EventStore", StringComparison.Ordinal))
            .Should().BeEmpty("inside of K1s0.EventStore the name would be ambiguous");

    [Fact]
    public void No_public_type_has_a_public_field_that_can_change() =>
        Repository.SourceAssemblies
            .SelectMany(assembly => assembly.GetExportedTypes())
            .SelectMany(type => type.GetFields())
            .Where(field => field is { IsInitOnly: false, IsLiteral: false } && !field.DeclaringType!.IsEnum)
            .Select(field => $"{field.DeclaringType}.{field.Name}")
            .Should().BeEmpty();

    // Abstract, and every constructor is private protected, internal or private: only this assembly derives.
    private static bool IsClosed(Type type) =>
        type.IsAbstract && type.GetConstructors(
                System.Reflection.BindingFlags.Instance
                | System.Reflection.BindingFlags.Public
                | System.Reflection.BindingFlags.NonPublic)
            .All(constructor => constructor.IsPrivate || constructor.IsAssembly || constructor.IsFamilyAndAssembly);
}
