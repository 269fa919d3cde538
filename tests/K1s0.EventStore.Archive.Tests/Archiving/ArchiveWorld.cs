using System.Globalization;
using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// A store, its archive and a bucket, in which everything goes wrong that can; at the beginning of every call of
/// database and bucket it looks whether each event has its one home.
/// </summary>
internal sealed class ArchiveWorld : IDisposable
{
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromMinutes(5);

    // Everything that is an hour old becomes one batch, and what it came in the place of goes an hour later.
    private static readonly LifecyclePolicy Policy = new(
        new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromHours(1), StorageClass.InfrequentAccess))
    {
        CompactBelowBytes = 64 * 1024,
        RemoveAfter = TimeSpan.FromHours(1),
    };

    private readonly Random _random;
    private readonly ManualTime _time;
    private readonly SimulatedObjectStore _objects;
    private readonly ArchivedEvents _archived;
    private readonly ThroughReader _reader;
    private readonly List<EventEnvelope> _all = [];
    private readonly HashSet<string> _checked = new(StringComparer.Ordinal);
    private readonly HashSet<string> _checkedMerged = new(StringComparer.Ordinal);
    private readonly double _likelihood;
    private readonly Mistake _mistake;
    private (DateTimeOffset At, HashSet<string> Keys) _reading = (DateTimeOffset.MinValue, []);
    private bool _quiet;
    private bool _crashed;
    private bool _nested;
    private bool _compacting;

    public ArchiveWorld(Random random, double likelihood, Mistake mistake = Mistake.None)
    {
        (_random, _likelihood, _mistake) = (random, likelihood, mistake);
        _time = new ManualTime(new DateTimeOffset(2020, 1, 5, 0, 0, 0, TimeSpan.Zero));
        _objects = new SimulatedObjectStore(_time, Fault);
        Archive = new SimulatedArchive(_time, InterceptAsync) { Fences = mistake is not Mistake.NoFence };
        _archived = new ArchivedEvents(_objects, new ArchiveReadingOptions { CacheBytes = 0 });
        _reader = new ThroughReader(
            Archive, mistake is Mistake.WrongByteServed ? new WrongByteArchive(_archived) : _archived);
    }

    public SimulatedArchive Archive { get; }

    // A compaction makes many calls, and is to come to its end now and then.
    private double Likelihood => _compacting ? _likelihood / 5 : _likelihood;

    /// <summary>How often each kind of trouble was made.</summary>
    public IDictionary<string, int> Troubles { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    public void Dispose() => _archived.Dispose();

    /// <summary>A month of events passes, and leaves, whatever happens meanwhile.</summary>
    public async Task LiveThroughMonthAsync()
    {
        var month = MonthDigest.MonthOf(_time.GetUtcNow());
        await AppendAsync(_random.Next(1, 12), _time.GetUtcNow());
        _time.Advance(month.AddMonths(1).AddHours(_random.Next(1, 40)) - _time.GetUtcNow());
        Archive.Subscriptions["reader"] = _random.Next(4) == 0 ? Archive.Pruned : new Position(_all.Count + 1_000);
        for (var attempt = 1; Archive.Rows.Any(row => MonthDigest.MonthOf(row.RecordedAt) <= month); attempt++)
        {
            attempt.Should().BeLessThan(60, "an archiver that is started again gets on");
            await RunAsync(crashes: attempt < 40);
            if (_random.Next(12) == 0)
            {
                await CompactAsync(crashes: attempt < 40);
            }

            Archive.Subscriptions["reader"] = new Position(_all.Count + 1_000);
        }

        await CheckAllAsync(readFrom: Math.Max(0, _all.Count - 30));
    }

    /// <summary>The bucket alone has what the books say, and everything is read as it was appended.</summary>
    public async Task CheckAllAsync(int readFrom = 0)
    {
        _quiet = true;
        var after = readFrom == 0 ? default : _all[readFrom - 1].Position;
        var read = new List<EventEnvelope>();
        await foreach (var envelope in _reader.ReadFeedAsync(after, pageSize: 13))
        {
            read.Add(envelope);
        }

        read.Should().Equal(_all.Skip(readFrom));
        if (readFrom == 0)
        {
            if ((await Archive.GetStatusAsync()).ManifestIsOpen)
            {
                // The bucket may have a manifest that the books have not noted: the next leader does.
                await RunAsync(crashes: false);
                _quiet = true;
            }

            var listing = (await new ArchiveManifests(_objects).ReadLatestAsync(fromFirst: true))!;
            listing.Batches.Select(batch => (batch.Key.Value, batch.Digest, batch.EventsDigest)).Should().Equal(
                Archive.Batches.Where(batch => batch.State >= ArchiveState.Listed)
                    .Select(batch => (batch.Stored!.Key, batch.Stored.Digest, batch.EventsDigest)));
        }

        _quiet = false;
    }

    private async Task RunAsync(bool crashes)
    {
        _quiet = !crashes;
        var options = new ArchivingOptions
        {
            OlderThan = TimeSpan.Zero,
            LeaseDuration = LeaseDuration,
            MaxEventsPerBatch = _random.Next(1, 8),
        };
        using var archiver = new Archiver(
            new ArchiverParts(_reader, Archive, Archive, MistakenStore.Around(_objects, _mistake)), options, _time);
        BeginReading();
        try
        {
            Count("batch made anew", (await archiver.ArchiveAsync()).Replaced);
        }
        catch (Exception e) when (
            e is SimulatedCrashException or StoreUnavailableException or WriteOutcomeUnknownException
                or StoreOperationException or LeaseLostException or ObjectDamagedException
                or ArchiveRefusedException { Reason: ArchiveRefusal.Moved })
        {
            Count(e.GetType().Name);
        }

        (_crashed, _quiet) = (false, false);
        CheckHomes();

        // Nobody waits for a leader that is gone.
        _time.Advance(LeaseDuration);
    }

    // Small batches become one, and what nobody lists any more goes.
    private async Task CompactAsync(bool crashes)
    {
        _quiet = !crashes;
        var objects = MistakenStore.Around(_objects, _mistake);
        IArchiveListings listings = new CatalogListings(
            new ArchiverParts(_reader, Archive, Archive, objects),
            new ArchivingOptions { LeaseDuration = LeaseDuration },
            _time);
        if (_mistake is Mistake.DeletesBeforeTheManifest)
        {
            listings = new HastyListings(listings, objects);
        }

        BeginReading();
        var wasCompacting = _compacting;
        _compacting = true;
        try
        {
            var report = await new ArchiveLifecycle(objects, listings, Policy, timeProvider: _time).RunAsync();
            Count("compacted", report.CompactedInto);
            Count("removed", report.Removed);
        }
        catch (Exception e) when (
            e is SimulatedCrashException or StoreUnavailableException or WriteOutcomeUnknownException
                or StoreOperationException or LeaseLostException or ObjectDamagedException or ManifestConflictException
                or ArchiveRefusedException { Reason: ArchiveRefusal.Moved or ArchiveRefusal.Busy })
        {
            Count($"compaction: {e.GetType().Name}");
        }

        (_crashed, _quiet, _compacting) = (false, false, wasCompacting);
        CheckHomes();
        _time.Advance(LeaseDuration);
    }

    // Somebody was sent to these objects, and has the time of grace to read them.
    private void BeginReading()
    {
        if (!_nested)
        {
            _reading = (
                _time.GetUtcNow(),
                Archive.FindArchived(default).Select(batch => batch.Stored.Key).ToHashSet(StringComparer.Ordinal));
        }
    }

    private void CheckDeletion(string key)
    {
        Archive.FindArchived(default).Should().NotContain(
            batch => string.Equals(batch.Stored.Key, key, StringComparison.Ordinal), "events are read from there");
        (_time.GetUtcNow() < _reading.At + Policy.RemoveAfter && _reading.Keys.Contains(key)).Should().BeFalse(
            "{0} is being read by whoever was sent there", key);
    }

    private async Task AppendAsync(int count, DateTimeOffset recordedAt)
    {
        for (var number = 0; number < count; number++)
        {
            var stream = new StreamId("order", _random.Next(4).ToString(CultureInfo.InvariantCulture));
            var payload = string.Create(CultureInfo.InvariantCulture, $$"""{"number":{{_all.Count}}}""");
            _all.AddRange(await Archive.AppendAsync(
                stream,
                [
                    EventEnvelope.Create(
                        stream, "placed", Encoding.UTF8.GetBytes(payload), new EventMetadata { Actor = "a" }),
                ],
                recordedAt.AddMinutes(number)));
        }
    }

    // Before each call of the database.
    private async Task InterceptAsync(string call)
    {
        if (_quiet)
        {
            return;
        }

        CheckHomes();
        CrashedStays();
        if (_random.NextDouble() >= Likelihood)
        {
            return;
        }

        switch (_random.Next(6))
        {
            case 0:
                throw Crash($"before {call}");
            case 1:
                Count("database unavailable");
                throw new StoreUnavailableException($"Simulated before {call}.");
            case 2 when !_nested:
                // The leader sleeps, another one takes over and works, and then the first one wakes up.
                Count("stale leader");
                _nested = true;
                _time.Advance(LeaseDuration);
                var (wasQuiet, wasCrashed) = (_quiet, _crashed);
                await (_random.Next(4) == 0 ? CompactAsync(crashes: true) : RunAsync(crashes: true));
                (_quiet, _crashed, _nested) = (wasQuiet, wasCrashed, false);
                break;
            case 3:
                // An append that began in a month before, or whose clock is behind.
                Count("late writer");
                await AppendAsync(1, _time.GetUtcNow().AddDays(-_random.Next(0, 70)));
                break;
            case 4:
                Count("clock jump");
                _time.Advance(TimeSpan.FromMinutes(_random.Next(1, 600)));
                break;
            default:
                break;
        }
    }

    // Before each call of the bucket.
    private ObjectFault Fault(ObjectCall call)
    {
        if (call.Method is nameof(IObjectStore.DeleteAsync))
        {
            CheckDeletion(call.Key);
        }

        if (_quiet)
        {
            return ObjectFault.None;
        }

        CheckHomes();
        CrashedStays();
        if (call.Method is nameof(IObjectStore.GetAsync) && IsMerged(call.Key) && _random.Next(6) == 0)
        {
            Count("damaged when merged");
            _objects.Damage(new ObjectKey(call.Key), Torn);
            return ObjectFault.None;
        }

        if (_random.NextDouble() >= Likelihood)
        {
            return ObjectFault.None;
        }

        switch (_random.Next(8))
        {
            case 0 when call.Method is nameof(IObjectStore.PutIfAbsentAsync)
                && call.Key.StartsWith("events/", StringComparison.Ordinal):
                Count("key taken");
                Quietly(() => _objects.PutIfAbsentAsync(new ObjectKey(call.Key), "{}"u8.ToArray()));
                return ObjectFault.None;
            case 1 when call.Method is nameof(IObjectStore.GetAsync)
                && Archive.Batches.FirstOrDefault(batch => string.Equals(
                    batch.Stored?.Key, call.Key, StringComparison.Ordinal))?.State
                    is (>= ArchiveState.Uploaded and < ArchiveState.Pruned) and { } state:
                // A torn or changed object, before it is believed or before its events leave.
                Count(state is ArchiveState.Uploaded ? "damaged at rest" : "damaged while listed");
                _objects.Damage(new ObjectKey(call.Key), Torn);
                return ObjectFault.None;
            default:
                var fault = (ObjectFault)_random.Next(1, 8);
                if (fault is ObjectFault.Conflict && call.Method is not nameof(IObjectStore.PutIfAbsentAsync))
                {
                    return ObjectFault.None;
                }

                Count(fault.ToString());
                _crashed |= fault is ObjectFault.CrashBefore or ObjectFault.CrashAfter;
                return fault;
        }
    }

    // Made of others, and not in the books yet.
    private bool IsMerged(string key) => key.Contains("-c", StringComparison.Ordinal)
        && _checkedMerged.Add(key)
        && !Archive.Batches.Any(batch => string.Equals(batch.Stored?.Key, key, StringComparison.Ordinal))
        && !Archive.IsReplacing(key);

    private byte[] Torn(byte[] content)
    {
        if (_random.Next(2) == 0)
        {
            return content[.._random.Next(content.Length)];
        }

        content[_random.Next(content.Length)] ^= (byte)_random.Next(1, 256);
        return content;
    }

    // Up to the bound all events are in batches that are whole, behind it all of them are rows: each once. It is asked
    // before every call, so it compares plainly and makes a sentence only of what does not hold.
    private void CheckHomes()
    {
        var pruned = Archive.Pruned;
        var home = _all.FindLastIndex(envelope => envelope.Position <= pruned) + 1;
        foreach (var row in Archive.Rows)
        {
            if (row.Position > pruned && (home == _all.Count || row.Position != _all[home++].Position))
            {
                Assert.Fail($"the event at {row.Position} is in the database twice, out of order, or in place of another");
            }
        }

        if (home != _all.Count)
        {
            Assert.Fail($"the event at {_all[home].Position} is neither in the archive nor in the database");
        }

        var through = default(Position);
        foreach (var batch in Archive.Batches)
        {
            if (batch.Plan.Last > pruned)
            {
                continue;
            }

            if (batch.Plan.After != through)
            {
                Assert.Fail($"the batch behind {batch.Plan.After} does not begin at {through}, where the one before ends");
            }

            through = batch.Plan.Last;
            if (_checked.Add(batch.Stored!.Key))
            {
                CheckObject(batch);
            }
        }

        if (through != pruned)
        {
            Assert.Fail($"batches cover everything up to {through}, and the bound is {pruned}");
        }
    }

    private void CheckObject(BatchEntry batch)
    {
        StoredObject? found = null;
        Quietly(() => Get());
        EventBatchReader.Decode(found!.Content).Should().Equal(
            _all.Where(envelope => envelope.Position > batch.Plan.After && envelope.Position <= batch.Plan.Last));

        async Task Get() => found = await _objects.GetAsync(new ObjectKey(batch.Stored!.Key));
    }

    // Everything is simulated, so every task has ended when it is returned.
    private void Quietly(Func<Task> action)
    {
        var before = _quiet;
        _quiet = true;
        var task = action();
        task.IsCompletedSuccessfully.Should().BeTrue();
        _quiet = before;
    }

    private void CrashedStays()
    {
        if (_crashed)
        {
            throw new SimulatedCrashException("the process is gone");
        }
    }

    private SimulatedCrashException Crash(string where)
    {
        Count("crash in the database");
        _crashed = true;
        return new SimulatedCrashException(where);
    }

    private void Count(string trouble, int times = 1) =>
        Troubles[trouble] = Troubles.TryGetValue(trouble, out var count) ? count + times : times;
}
