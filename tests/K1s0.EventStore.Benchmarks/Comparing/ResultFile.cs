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
            writer.WriteNumber("ours", Math.Round(result.Ours, 3));
            writer.WriteNumber("plain", Math.Round(result.Plain, 3));
            writer.WriteString("unit", result.Figure.Unit);
            writer.WriteNumber("ratio", Math.Round(result.Ratio, 4));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
