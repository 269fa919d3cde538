using System.Globalization;
using System.Xml.Linq;

namespace K1s0.EventStore.AcceptanceTable;

/// <summary>
/// The lines of src, merged over the reports of all test projects: a line is covered when any of them ran it. Generated
/// code does not count.
/// </summary>
internal sealed class SourceCoverage
{
    private readonly Dictionary<(string File, int Line), bool> _lines = [];

    public int Lines => _lines.Count;

    public int CoveredLines => _lines.Values.Count(isCovered => isCovered);

    public double Percent => PercentOf(CoveredLines, Lines);

    public static SourceCoverage Read(string root, string resultsFolder)
    {
        var coverage = new SourceCoverage();
        var source = Path.Combine(Path.GetFullPath(root), "src") + Path.DirectorySeparatorChar;
        foreach (var report in Directory.EnumerateFiles(resultsFolder, "*.cobertura.xml", SearchOption.AllDirectories))
        {
            coverage.Add(XDocument.Load(report), source);
        }

        return coverage;
    }

    /// <summary>Name, covered lines and all lines of each package.</summary>
    public IEnumerable<(string Package, int Covered, int Lines)> Packages() =>
        _lines
            .GroupBy(line => line.Key.File.Split(Path.DirectorySeparatorChar)[0], StringComparer.Ordinal)
            .OrderBy(package => package.Key, StringComparer.Ordinal)
            .Select(package => (package.Key, package.Count(line => line.Value), package.Count()));

    public static double PercentOf(int part, int whole) => whole == 0 ? 0 : 100.0 * part / whole;

    private void Add(XDocument report, string source)
    {
        var folders = report.Descendants("source").Select(folder => folder.Value).ToArray();
        foreach (var type in report.Descendants("class"))
        {
            var name = type.Attribute("filename")!.Value;
            var file = folders.Select(folder => Path.GetFullPath(Path.Combine(folder, name)))
                .FirstOrDefault(path => path.StartsWith(source, StringComparison.Ordinal) && File.Exists(path));
            if (file is null)
            {
                continue;
            }

            foreach (var line in type.Descendants("line"))
            {
                var key = (file[source.Length..], Number(line, "number"));
                _lines[key] = _lines.GetValueOrDefault(key) || Number(line, "hits") > 0;
            }
        }
    }

    private static int Number(XElement line, string attribute) =>
        int.Parse(line.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);
}
