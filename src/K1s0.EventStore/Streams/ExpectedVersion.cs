using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// What the writer believes about a stream before it appends. The default value is <see cref="Any"/>.
/// </summary>
public readonly record struct ExpectedVersion
{
    private readonly bool _mustExist;
    private readonly long? _exact;

    private ExpectedVersion(long? exact, bool mustExist) => (_exact, _mustExist) = (exact, mustExist);

    /// <summary>The writer does not care. Also the default value.</summary>
    public static ExpectedVersion Any => default;

    /// <summary>The stream must not exist.</summary>
    public static ExpectedVersion NoStream => new(0, mustExist: false);

    /// <summary>The stream must hold at least one event.</summary>
    public static ExpectedVersion StreamExists => new(null, mustExist: true);

    /// <summary>The one version that is accepted, or null when more than one is.</summary>
    public StreamVersion? ExactVersion => _exact is { } exact ? new StreamVersion(exact) : null;

    /// <summary>Whether this is <see cref="StreamExists"/>.</summary>
    public bool MustExist => _mustExist;

    /// <summary>The stream must hold exactly this many events.</summary>
    /// <param name="version">The number of events; 0 is <see cref="NoStream"/>.</param>
    public static ExpectedVersion Exactly(StreamVersion version) => new(version.Value, mustExist: false);

    /// <summary>
    /// The convention of <see cref="IEventStore.AppendAsync"/>: null is <see cref="Any"/>, a number is exact.
    /// </summary>
    /// <param name="expectedVersion">null, or 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static ExpectedVersion From(long? expectedVersion) =>
        expectedVersion is { } exact ? Exactly(new StreamVersion(exact)) : Any;

    /// <summary>Whether a stream at <paramref name="actual"/> satisfies the expectation.</summary>
    /// <param name="actual">The version of the stream; 0 when it does not exist.</param>
    public bool Accepts(StreamVersion actual) =>
        (_exact is null || _exact == actual.Value) && (!_mustExist || actual.Value > 0);

    /// <summary>The expectation in a word or a number.</summary>
    public override string ToString() =>
        _mustExist ? "stream exists" : _exact?.ToString(CultureInfo.InvariantCulture) ?? "any";
}
