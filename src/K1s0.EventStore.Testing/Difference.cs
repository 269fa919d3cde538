using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Testing;

/// <summary>Says how two lists differ.</summary>
internal static class Difference
{
    private const int MostShown = 50;

    /// <exception cref="ScenarioFailedException">The lists are not the same.</exception>
    public static void Check<TItem>(
        string what,
        IReadOnlyList<TItem> expected,
        IReadOnlyList<TItem> actual,
        Func<TItem, TItem, bool> areEqual,
        Func<TItem, string> show)
    {
        var first = 0;
        while (first < expected.Count && first < actual.Count && areEqual(expected[first], actual[first]))
        {
            first++;
        }

        if (first < Math.Max(expected.Count, actual.Count))
        {
            throw new ScenarioFailedException(string.Create(
                CultureInfo.InvariantCulture,
                $"{what} are not as expected, from number {first + 1} on.{Environment.NewLine}")
                + List("Expected", expected, first, show) + List("Actual", actual, first, show));
        }
    }

    private static string List<TItem>(string title, IReadOnlyList<TItem> items, int first, Func<TItem, string> show)
    {
        var text = new StringBuilder(title);
        text.AppendLine(items.Count == 0 ? ": none" : ":");
        for (var index = 0; index < Math.Min(items.Count, MostShown); index++)
        {
            text.Append(index == first ? "  > " : "    ")
                .Append(CultureInfo.InvariantCulture, $"{index + 1}. ")
                .AppendLine(show(items[index]));
        }

        if (items.Count > MostShown)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"    and {items.Count - MostShown} more");
        }

        return text.ToString();
    }
}
