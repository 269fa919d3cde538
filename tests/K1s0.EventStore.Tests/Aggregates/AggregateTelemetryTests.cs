using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Conformance.Accounts;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Tests.Aggregates;

/// <summary>What aggregates measure and log.</summary>
public sealed class AggregateTelemetryTests : IDisposable
{
    private static readonly StreamId Stream = new("account", "1");

    // Other tests measure too: each state has a name of its own.
    private readonly string _state = $"account-{Guid.CreateVersion7():N}";
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly InMemoryEventStore _store;
    private readonly InMemorySnapshotStore _snapshots = new();
    private readonly AccountDecider _decider = new();
    private readonly CollectedLogs _logs = new();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Instrument, double Value, string Tags)> _measured = new();

    public AggregateTelemetryTests()
    {
        _store = new InMemoryEventStore(timeProvider: _time);
        _listener.InstrumentPublished = static (instrument, listening) =>
        {
            if (instrument.Meter.Name is AggregateTelemetry.SourceName)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _listener.Dispose();
        _logs.Dispose();
    }

    [Fact]
    [Trait("Row", "K06")]
    public async Task A_load_counts_the_events_that_it_applied_and_the_seconds_that_it_took()
    {
        await _store.AppendAsync(Stream, Deposits(7), cancellationToken: Cancellation);
        var accounts = Accounts(new SlowStore(_store, _time));

        await accounts.LoadAsync(Stream, Cancellation);
        await accounts.LoadAsync(Stream, Cancellation);

        Of(AggregateTelemetry.AppliedEvents).Should().Equal((7, string.Empty), (0, string.Empty));
        Of(AggregateTelemetry.LoadDuration).Should().Equal((2, string.Empty), (2, string.Empty));
    }

    [Fact]
    public async Task A_command_that_is_decided_again_counts_as_a_conflict()
    {
        var accounts = Accounts();
        var foreign = 2;

        await accounts.HandleAsync(
            Stream,
            _ =>
            {
                if (foreign-- > 0)
                {
                    _store.AppendAsync(Stream, Deposits(1), cancellationToken: Cancellation)
                        .IsCompletedSuccessfully.Should().BeTrue("in memory nothing waits");
                }

                return [new AmountDeposited(1)];
            },
            cancellationToken: Cancellation);

        Of(AggregateTelemetry.Conflicts).Should().Equal((1, string.Empty), (1, string.Empty));
    }

    [Fact]
    public async Task A_snapshot_counts_its_bytes_before_and_behind_compression()
    {
        await _store.AppendAsync(Stream, Deposits(1), cancellationToken: Cancellation);

        var taken = await Accounts().TakeSnapshotAsync(Stream, Cancellation);

        Of(AggregateTelemetry.SnapshotOriginalBytes).Should().Equal((taken!.OriginalBytes, string.Empty));
        Of(AggregateTelemetry.SnapshotCompressedBytes).Should().Equal((taken.CompressedBytes, string.Empty));
    }

    [Fact]
    public async Task What_is_remembered_and_not_used_counts_with_the_reason()
    {
        await _store.AppendAsync(Stream, Deposits(3), cancellationToken: Cancellation);
        var other = await _store.GetHeadAsync(Stream, Cancellation);
        await Accounts(version: 2).TakeSnapshotAsync(Stream, Cancellation);
        await Accounts().LoadAsync(Stream, Cancellation);
        await _snapshots.SaveAsync(Stream, _state, 4, Frame(4), Cancellation);
        await Accounts().LoadAsync(Stream, Cancellation);
        await _snapshots.SaveAsync(Stream, _state, 5, "garbage", Cancellation);
        await Accounts().LoadAsync(Stream, Cancellation);
        await _store.AppendAsync(Stream, Deposits(3), cancellationToken: Cancellation);
        await _snapshots.SaveAsync(Stream, _state, 6, Frame(6), Cancellation);
        await Accounts().LoadAsync(Stream, Cancellation);

        Of(AggregateTelemetry.Ignored).Should().Equal(
            (1, "source=snapshot reason=schema"),
            (1, "source=snapshot reason=ahead"),
            (1, "source=snapshot reason=unreadable"),
            (1, "source=snapshot reason=hash"));

        SnapshotFrame Frame(long version) => SnapshotFrame.Pack(
            _state,
            1,
            new StreamVersion(version),
            other.ChainHash,
            """{"Owner":null,"Balance":1,"Movements":1}"""u8,
            CompressionCodecs.OfSystem.Preferred);
    }

    [Fact]
    public async Task A_remembered_state_of_another_stream_counts_too()
    {
        var replaced = new ReplacedStore(_store);
        await _store.AppendAsync(Stream, Deposits(2), cancellationToken: Cancellation);
        var accounts = Accounts(replaced);
        await accounts.LoadAsync(Stream, Cancellation);

        replaced.Inner = new InMemoryEventStore();
        await replaced.AppendAsync(Stream, Deposits(1), cancellationToken: Cancellation);
        await accounts.LoadAsync(Stream, Cancellation);
        await replaced.AppendAsync(Stream, Deposits(1), cancellationToken: Cancellation);
        await accounts.LoadAsync(Stream, Cancellation);

        Of(AggregateTelemetry.Ignored).Should().Equal((1, "source=cache reason=ahead"));
    }

    [Fact]
    public async Task A_state_that_is_too_large_is_tried_when_its_stream_has_doubled_and_is_logged_once()
    {
        var accounts = Accounts(strategy: SnapshotStrategy.EveryEvents(1), maxBytes: 20);
        var tried = new List<int>();
        for (var version = 1; version <= 9; version++)
        {
            await accounts.HandleAsync(Stream, _ => [new AmountDeposited(1)], cancellationToken: Cancellation);
            if (Of(AggregateTelemetry.SnapshotFailures).Count() > tried.Count)
            {
                tried.Add(version);
            }
        }

        tried.Should().Equal(1, 2, 4, 8);
        Of(AggregateTelemetry.SnapshotFailures).Should().OnlyContain(
            one => one.Value == 1 && one.Tags == $"error.type={typeof(SnapshotTooLargeException).FullName}");
        var log = _logs.All.Should().ContainSingle().Subject;
        log.Should().Contain("account-1").And.Contain("20 at most");
        await Assert.ThrowsAsync<SnapshotTooLargeException>(() => accounts.TakeSnapshotAsync(Stream, Cancellation));
    }

    private static EventEnvelope[] Deposits(int count) =>
    [
        .. Enumerable.Repeat(0, count).Select(_ =>
            new EventSerializer(AccountJson.Types).ToEnvelope(Stream, new AmountDeposited(1))),
    ];

    private AggregateStore<AccountState, IAccountEvent> Accounts(
        IEventStore? store = null, int version = 1, SnapshotStrategy? strategy = null, int maxBytes = 1_000) =>
        new(
            _decider,
            store ?? _store,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<AccountState>
            {
                Format = StateFormat.Json(AccountJson.Default.AccountState, version, _state),
                Snapshots = strategy ?? SnapshotStrategy.Never,
                MaxSnapshotBytes = maxBytes,
            },
            _time,
            _snapshots,
            loggerFactory: _logs);

    private IEnumerable<(double Value, string Tags)> Of(string instrument) =>
        _measured.Where(one => string.Equals(one.Instrument, instrument, StringComparison.Ordinal))
            .Select(one => (one.Value, one.Tags));

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var all = tags.ToArray();
        if (all.Any(tag => tag.Key is "state" && Equals(tag.Value, _state)))
        {
            _measured.Enqueue((
                instrument.Name,
                value,
                string.Join(' ', all.Where(tag => tag.Key is not "state").Select(tag => $"{tag.Key}={tag.Value}"))));
        }
    }

    // Each question takes two seconds, by the clock of the test.
    private sealed class SlowStore(InMemoryEventStore inner, ManualTime time) : IEventStore
    {
        public Task<AppendResult> AppendAsync(
            StreamId streamId,
            IEnumerable<EventEnvelope> events,
            long? expectedVersion = null,
            CancellationToken cancellationToken = default) =>
            inner.AppendAsync(streamId, events, expectedVersion, cancellationToken);

        public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
            StreamId streamId,
            long fromVersion = 0,
            long? toVersion = null,
            CancellationToken cancellationToken = default)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return inner.LoadAsync(streamId, fromVersion, toVersion, cancellationToken);
        }

        public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
            inner.ExistsAsync(streamId, cancellationToken);
    }

    private sealed class CollectedLogs : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => All.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
