namespace K1s0.EventStore;

/// <summary>
/// Takes over the events of another store into one in memory, for unit tests and to look into an archive. Positions
/// without gaps alone can be kept there. Thread-safe.
/// </summary>
/// <param name="store">The empty store.</param>
public sealed class InMemoryEventImporter(InMemoryEventStore store) : IEventImporter
{
    // Guarded by the store's lock.
    private (StoreIdentity Source, Position Last)? _import;
    private int _imported;
    private bool _isEnded;

    /// <inheritdoc/>
    public Task<Position> BeginImportAsync(
        StoreIdentity source, Position last, CancellationToken cancellationToken = default) =>
        Run(events =>
        {
            if (_import is null)
            {
                Expect(events.Feed.Count == 0, "it has events of its own.");
                _import = (source, last);
            }

            Expect(_import == (source, last), "it has taken over those of another store or another time.");
            return new Position(_imported);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task ImportAsync(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        ArgumentOutOfRangeException.ThrowIfLessThan(events.Count, 1, nameof(events));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(events.Count, IEventImporter.MaxEvents, nameof(events));
        return Run(
            stored =>
            {
                CheckUnderWay(stored);
                var ids = new HashSet<Guid>();
                foreach (var (number, envelope) in events.Index())
                {
                    Expect(
                        envelope.Position.Value == _imported + number + 1,
                        $"position {envelope.Position} does not come behind {_imported + number}.");
                    Expect(
                        ids.Add(envelope.Id) && !stored.ById.ContainsKey(envelope.Id),
                        $"id {envelope.Id} comes twice.");
                }

                foreach (var envelope in events)
                {
                    stored.Add(envelope with
                    {
                        PayloadUtf8 = envelope.PayloadUtf8.ToArray(),
                        MetadataUtf8 = envelope.MetadataUtf8.ToArray(),
                    });
                }

                return _imported += events.Count;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoreIdentity> EndImportAsync(CancellationToken cancellationToken = default) =>
        Run(events =>
        {
            Expect(_import is not null, "no import was begun.");
            var (source, last) = _import!.Value;
            if (!_isEnded)
            {
                CheckUnderWay(events);
                Expect(_imported == last.Value, $"events are missing from position {_imported} up to {last}.");
            }

            _isEnded = true;
            return source with { Epoch = source.Epoch + 1 };
        }, cancellationToken);

    private static void Expect(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new ImportRefusedException(otherwise);
        }
    }

    private void CheckUnderWay(InMemoryEvents events)
    {
        Expect(_import is not null && !_isEnded, "no import was begun.");
        Expect(events.Feed.Count == _imported, "somebody else has written to it meanwhile.");
    }

    private Task<TResult> Run<TResult>(
        Func<InMemoryEvents, TResult> step, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TResult>(cancellationToken);
        }

        try
        {
            var result = store.Import(step);
            if (result is StoreIdentity identity)
            {
                store.Become(identity);
            }

            return Task.FromResult(result);
        }
        catch (ImportRefusedException e)
        {
            return Task.FromException<TResult>(e);
        }
    }
}
