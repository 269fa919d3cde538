using System.Globalization;
using System.Text.Json;

namespace K1s0.EventStore;

/// <summary>
/// Finds what is different in two JSON values. Members of objects are matched by name, whatever their order; elements
/// of arrays by index.
/// </summary>
public static class JsonDifference
{
    /// <summary>The differences, the deepest places that differ, in the order of the earlier value.</summary>
    /// <param name="before">The earlier value.</param>
    /// <param name="after">The later value.</param>
    /// <returns>None when the values are equal; 1 and 1.0 are.</returns>
    public static IReadOnlyList<JsonChange> Between(JsonElement before, JsonElement after)
    {
        var changes = new List<JsonChange>();
        Compare(string.Empty, before, after, changes);
        return changes;
    }

    private static void Compare(string path, JsonElement before, JsonElement after, List<JsonChange> changes)
    {
        switch (before.ValueKind, after.ValueKind)
        {
            case (JsonValueKind.Object, JsonValueKind.Object):
                CompareObjects(path, before, after, changes);
                break;
            case (JsonValueKind.Array, JsonValueKind.Array):
                CompareArrays(path, before, after, changes);
                break;
            default:
                if (!JsonElement.DeepEquals(before, after))
                {
                    changes.Add(new JsonChange(path, JsonChangeKind.Changed, before, after));
                }

                break;
        }
    }

    private static void CompareObjects(string path, JsonElement before, JsonElement after, List<JsonChange> changes)
    {
        foreach (var member in before.EnumerateObject())
        {
            var place = Under(path, member.Name);
            if (after.TryGetProperty(member.Name, out var now))
            {
                Compare(place, member.Value, now, changes);
            }
            else
            {
                changes.Add(new JsonChange(place, JsonChangeKind.Removed, member.Value, After: null));
            }
        }

        foreach (var member in after.EnumerateObject())
        {
            if (!before.TryGetProperty(member.Name, out _))
            {
                changes.Add(new JsonChange(Under(path, member.Name), JsonChangeKind.Added, null, member.Value));
            }
        }
    }

    private static void CompareArrays(string path, JsonElement before, JsonElement after, List<JsonChange> changes)
    {
        var (lengthBefore, lengthAfter) = (before.GetArrayLength(), after.GetArrayLength());
        for (var i = 0; i < Math.Max(lengthBefore, lengthAfter); i++)
        {
            var place = Under(path, i.ToString(CultureInfo.InvariantCulture));
            if (i >= lengthAfter)
            {
                changes.Add(new JsonChange(place, JsonChangeKind.Removed, before[i], After: null));
            }
            else if (i >= lengthBefore)
            {
                changes.Add(new JsonChange(place, JsonChangeKind.Added, Before: null, after[i]));
            }
            else
            {
                Compare(place, before[i], after[i], changes);
            }
        }
    }

    private static string Under(string path, string name) =>
        $"{path}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
