using System.Text.Json;
using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Growth;

/// <summary>Writes both runs for programs.</summary>
internal static class GrowthFile
{
    public static async Task WriteAsync(
        string path, IReadOnlyList<FigureResult> empty, IReadOnlyList<FigureResult> grown)
    {
        await using var file = File.Create(path);
        await using var writer = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
        writer.WriteStartArray();
        foreach (var (before, after) in empty.Zip(grown))
        {
            writer.WriteStartObject();
            writer.WriteString("name", before.Figure.Name);
            writer.WriteString("unit", before.Figure.Unit);
            ResultFile.WriteFigure(writer, "oursEmpty", before.Ours);
            ResultFile.WriteFigure(writer, "oursGrown", after.Ours);
            ResultFile.WriteFigure(writer, "plainEmpty", before.Plain);
            ResultFile.WriteFigure(writer, "plainGrown", after.Plain);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
