using K1s0.EventStore.Samples.GitHistory.Import;

namespace K1s0.EventStore.Samples.Tests.Doubles;

internal sealed class RecordedProgress : IProgress<ImportProgress>
{
    public List<ImportProgress> Reports { get; } = [];

    public void Report(ImportProgress value) => Reports.Add(value);
}
