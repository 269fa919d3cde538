using System.Text.Json;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Writes results for programs: a list of name, ours, plain, unit and ratio.</summary>
internal static class ResultFile
{
    public static async Task WriteAsync(string path, IEnumerable<FigureResult> results)
    {
        await using var file = File.Create(path);
        await using var writer = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        writer.WriteStartArray();
        foreach (var result in results)
        {
            writer.WriteStartObject();
            writer.WriteString("name", result.Figure.Name);
            WriteFigure(writer, "ours", result.Ours);
            WriteFigure(writer, "plain", result.Plain);
            writer.WriteString("unit", result.Figure.Unit);
            WriteFigure(writer, "ratio", result.Ratio);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>JSON has no infinity: a side that did nothing has null.</summary>
    public static void WriteFigure(Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumber(name, Math.Round(value, 4));
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
