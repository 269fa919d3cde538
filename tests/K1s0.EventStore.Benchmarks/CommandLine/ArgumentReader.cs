using System.Globalization;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>Takes the command line word by word.</summary>
internal sealed class ArgumentReader(IReadOnlyList<string> words)
{
    private int _next;

    /// <summary>The next word, or null at the end.</summary>
    public string? TryNext() => _next < words.Count ? words[_next++] : null;

    /// <summary>The value behind an option.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public string Value(string option) =>
        TryNext() is { Length: > 0 } value && !value.StartsWith("--", StringComparison.Ordinal)
            ? value
            : throw new UsageException($"{option} needs a value.");

    /// <summary>The number behind an option.</summary>
    /// <exception cref="UsageException">There is none, or it is not in the range.</exception>
    public double Number(string option, double least, double most)
    {
        var text = Value(option);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most
                ? number
                : throw new UsageException(string.Create(
                    CultureInfo.InvariantCulture, $"{option} is a number from {least} to {most}, not '{text}'."));
    }

    /// <summary>The whole number behind an option.</summary>
    /// <exception cref="UsageException">There is none, or it is not in the range.</exception>
    public int WholeNumber(string option, int least, int most)
    {
        var text = Value(option);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most
                ? number
                : throw new UsageException(string.Create(
                    CultureInfo.InvariantCulture, $"{option} is a whole number from {least} to {most}, not '{text}'."));
    }
}
