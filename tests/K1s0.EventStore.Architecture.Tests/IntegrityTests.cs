using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>The verifier must never meet a writer: what proves may not share a mistake with what is proved.</summary>
public sealed class IntegrityTests
{
    private const string Integrity = "K1s0.EventStore.Integrity";

    // What measuring coverage weaves into every method; it is not in the source.
    private const string CoverageCounter = "Coverlet.Core.Instrumentation.Tracker";

    // The envelope and the words that it is made of, and what is thrown when a proof cannot be read.
    private static readonly string[] Envelope =
    [
        "EventEnvelope", "StreamId", "StreamVersion", "StreamHead", "Position", "Microseconds",
        "EventStoreException", "InvalidFormatException", "UnsupportedFormatException", "TileMissingException",
        "CryptographyUnavailableException", "SigningException",
        // Where the assembly looks for libraries of the system.
        "NativeLibraries",
    ];

    [Fact]
    public void Hashing_and_verifying_use_the_base_library_and_the_envelope_only() =>
        typeof(EventEnvelope).Assembly.GetTypes()
            .Where(type => string.Equals(type.Namespace, Integrity, StringComparison.Ordinal))
            .SelectMany(ReferencedTypes.Of)
            .Distinct()
            .Where(type => !IsAllowed(type))
            .Select(type => type.FullName)
            .Should().BeEmpty();

    [Fact]
    public void The_folder_holds_its_namespace_and_nothing_else() =>
        Repository.Files("src/K1s0.EventStore/Integrity", ".cs")
            .Where(path => !Repository.Read(path).Contains($"namespace {Integrity};", StringComparison.Ordinal))
            .Should().BeEmpty();

    [Fact]
    public void The_scan_finds_a_type_that_is_called_but_never_declared() =>
        ReferencedTypes.Of(typeof(Caller)).Should().Contain([typeof(ConsumerName), typeof(InMemoryEventStore)]);

    private static bool IsAllowed(Type type) =>
        type.Namespace is Integrity or "System" or CoverageCounter
        || (type.Namespace?.StartsWith("System.", StringComparison.Ordinal) ?? false)
        || (type.Namespace is "K1s0.EventStore" && Envelope.Contains(type.Name, StringComparer.Ordinal))
        // What the compiler makes of constant data and collection expressions.
        || (type.Namespace is null && type.Name.StartsWith('<'))
        // How the system's library is called.
        || (type.IsFunctionPointer && type.GetFunctionPointerParameterTypes().All(IsAllowed))
        || (type.DeclaringType is { } outer && IsAllowed(outer));

    private static class Caller
    {
        public static void Call() =>
            ConsumerName.Check($"{nameof(Caller)}{new InMemoryEventStore().GetHashCode()}", "name");
    }
}
