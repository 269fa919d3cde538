using System.Reflection;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

public sealed class EventIdTests
{
    private const int IdsPerPackage = 100;

    private static readonly (string Package, string Name, int Id)[] Ids =
    [
        .. from assembly in Repository.SourceAssemblies
           from type in assembly.GetTypes()
           where string.Equals(type.Name, "EventIds", StringComparison.Ordinal)
           from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
           where field.IsLiteral && field.FieldType == typeof(int)
           select (assembly.GetName().Name, field.Name, (int)field.GetRawConstantValue()!),
    ];

    [Fact]
    public void No_two_log_events_of_the_product_have_one_id() =>
        Ids.GroupBy(entry => entry.Id)
            .Where(group => group.Count() > 1)
            .SelectMany(group => group)
            .Should().BeEmpty();

    [Fact]
    public void A_package_takes_its_log_ids_from_one_hundred_of_its_own()
    {
        var hundreds = Ids.Select(entry => (entry.Package, Hundred: entry.Id / IdsPerPackage)).Distinct().ToArray();

        hundreds.Should().OnlyHaveUniqueItems(entry => entry.Package, "a package has one hundred");
        hundreds.Should().OnlyHaveUniqueItems(entry => entry.Hundred, "no two packages share a hundred");
    }
}
