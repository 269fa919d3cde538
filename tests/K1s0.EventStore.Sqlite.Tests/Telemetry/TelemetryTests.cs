using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using K1s0.EventStore.Sqlite.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Sqlite.Tests.Telemetry;

public sealed class TelemetryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _name = Guid.CreateVersion7().ToString("N");
    private readonly ConcurrentQueue<Activity> _activities = new();
    private readonly ConcurrentQueue<(string Instrument, double Value, string Tags)> _measured = new();
    private readonly ActivityListener _listener;
    private readonly MeterListener _meters = new();

    public TelemetryTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is SqliteTelemetry.SourceName,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (Equals(activity.GetTagItem("store"), _name))
                {
                    _activities.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name is SqliteTelemetry.SourceName)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _meters.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Every_operation_has_a_span_and_a_duration_and_counts_its_events()
    {
        await using var provider = new ServiceCollection()
            .AddEventStore().UseSqlite(_folder.File("store.db"), _name).Services.BuildServiceProvider();
        var store = provider.GetRequiredKeyedService<IEventStore>(_name);
        var stream = Some.Stream();

        await store.AppendAsync(stream, Some.Events(stream, 3), 0);
        await store.LoadAsync(stream);
        await provider.GetRequiredKeyedService<IFeedReader>(_name).ReadFeedPageAsync(Position.Start);
        await Assert.ThrowsAsync<ConcurrencyException>(() => store.AppendAsync(stream, Some.Events(stream, 1), 0));

        _activities.Select(activity => activity.OperationName).Should().Equal(
            "eventstore append", "eventstore load", "eventstore read_feed", "eventstore append");
        _activities.Should().OnlyContain(activity => Equals(activity.GetTagItem("db.system.name"), "sqlite"));
        _activities.Last().Status.Should().Be(ActivityStatusCode.Error);
        _activities.Last().GetTagItem("error.type").Should().Be(typeof(ConcurrencyException).FullName);
        _measured.Where(entry => entry.Instrument is SqliteTelemetry.Events).Select(entry => entry.Value)
            .Should().Equal(3, 3, 3);
        _measured.Where(entry => entry.Instrument is SqliteTelemetry.OperationDuration)
            .Should().HaveCount(4).And.OnlyContain(entry => entry.Value > 0)
            .And.ContainSingle(entry => entry.Tags.Contains("error.type", StringComparison.Ordinal));
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
        if (text.Contains(_name, StringComparison.Ordinal))
        {
            _measured.Enqueue((instrument.Name, value, text));
        }
    }
}
