namespace K1s0.EventStore.Archive;

/// <summary>
/// Verifies an archive from its bucket alone: every manifest and its place behind the one before it, every batch with
/// every digest, the chain of every stream across all batches, and that no event id comes twice. Reads everything,
/// changes nothing. Thread-safe.
/// </summary>
/// <remarks>
/// Nothing that is stored is believed: content digests and chain links are computed anew. Whoever rewrote the whole
/// bucket, digests and all, is found by the published log: rebuild the store, seal it and compare the heads.
/// </remarks>
/// <param name="objects">The bucket.</param>
/// <param name="options">How much is read at a time; the defaults when null.</param>
/// <param name="timeProvider">What measures how long it took; the system's clock when null.</param>
public sealed class ArchiveVerifier(
    IObjectStore objects, ArchiveRecoveryOptions? options = null, TimeProvider? timeProvider = null)
{
    private readonly ArchiveRecoveryOptions _options = options ?? new ArchiveRecoveryOptions();
    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;
    private readonly ArchiveManifests _manifests = new(objects);

    /// <summary>Verifies everything.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreUnavailableException">Something cannot be read at the moment.</exception>
    public async Task<ArchiveVerification> VerifyAsync(CancellationToken cancellationToken = default)
    {
        var started = _timeProvider.GetTimestamp();
        var findings = new Findings();
        var listing = await ReadListingAsync(findings, cancellationToken).ConfigureAwait(false);
        var heads = new StreamHeads(isComplete: listing?.Batches is not [{ After.Value: > 0 }, ..]);
        var ids = new HashSet<Guid>();
        var (done, events, bytes) = (0, 0L, 0L);
        if (listing is not null)
        {
            var batches = new ListedBatches(objects, _options).ReadAsync(listing.Batches, cancellationToken);
            await foreach (var read in batches.ConfigureAwait(false))
            {
                if (read.Failure is { } failure)
                {
                    findings.Add(Describe(read, failure));
                    heads.Skip();
                    continue;
                }

                Walk(read, heads, findings);
                FindTwice(read, ids, findings);
                (done, events, bytes) = (done + 1, events + read.Events.Count, bytes + read.Batch.StoredBytes);
                _options.Progress?.Report(new RecoveryProgress(done, listing.Batches.Count, events));
            }
        }

        await FindUnlistedAsync(listing, findings, cancellationToken).ConfigureAwait(false);
        return new ArchiveVerification(
            listing?.Store,
            listing?.Number ?? 0,
            done,
            events,
            heads.Count,
            bytes,
            findings.First,
            findings.Count,
            _timeProvider.GetElapsedTime(started))
        {
            ComparedIds = ids.Count,
        };
    }

    // Also in batches of which one came in another's place: whoever rebuilds would be refused.
    private void FindTwice(ListedBatches.ReadBatch read, HashSet<Guid> ids, Findings findings)
    {
        foreach (var envelope in read.Events)
        {
            if (ids.Count < _options.MaxEventIds ? !ids.Add(envelope.Id) : ids.Contains(envelope.Id))
            {
                findings.Add(new ArchiveFinding(
                    ArchiveFindingKind.RepeatedId,
                    read.Batch.Key.Value,
                    envelope.Position,
                    $"event id {envelope.Id} comes twice."));
            }
        }
    }

    private static void Walk(ListedBatches.ReadBatch read, StreamHeads heads, Findings findings)
    {
        foreach (var envelope in read.Events)
        {
            if (heads.Add(envelope) is { } broken)
            {
                findings.Add(new ArchiveFinding(
                    ArchiveFindingKind.BrokenChain, read.Batch.Key.Value, envelope.Position, broken));
            }
        }
    }

    private static ArchiveFinding Describe(ListedBatches.ReadBatch read, Exception failure) => new(
        failure switch
        {
            _ when read.IsMissing => ArchiveFindingKind.Missing,
            RestoreRequiredException => ArchiveFindingKind.Unreadable,
            _ => ArchiveFindingKind.Damaged,
        },
        read.Batch.Key.Value,
        read.Batch.First,
        failure is ObjectDamagedException damaged ? damaged.Detail : failure.Message);

    // All manifests from the first; when one of them is wrong, what the last ones say without it.
    private async Task<ArchiveListing?> ReadListingAsync(Findings findings, CancellationToken cancellationToken)
    {
        foreach (var fromFirst in new[] { true, false })
        {
            try
            {
                return await _manifests.ReadLatestAsync(fromFirst, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (
                e is ObjectDamagedException or ManifestConflictException or UnsupportedFormatException)
            {
                var key = e switch
                {
                    ObjectDamagedException damaged => damaged.Key,
                    ManifestConflictException conflict => ArchiveManifest.KeyOf(conflict.Number).Value,
                    _ => ArchiveManifest.Folder,
                };
                var finding = new ArchiveFinding(ArchiveFindingKind.Manifest, key, Position: null, e.Message);
                if (!findings.First.Contains(finding))
                {
                    findings.Add(finding);
                }
            }
        }

        return null;
    }

    private async Task FindUnlistedAsync(
        ArchiveListing? listing, Findings findings, CancellationToken cancellationToken)
    {
        var listed = listing?.Batches.Select(batch => batch.Key).ToHashSet() ?? [];
        var entries = objects.ListAsync(BatchKey.Folder, cancellationToken: cancellationToken);
        await foreach (var entry in entries.ConfigureAwait(false))
        {
            if (BatchKey.TryParse(entry.Key) is var (first, _) && !listed.Contains(entry.Key))
            {
                findings.Add(new ArchiveFinding(
                    ArchiveFindingKind.Unlisted, entry.Key.Value, first, "no manifest lists it."));
            }
        }
    }

    private sealed class Findings
    {
        private readonly List<ArchiveFinding> _first = [];

        public IReadOnlyList<ArchiveFinding> First => _first;

        public long Count { get; private set; }

        public void Add(ArchiveFinding finding)
        {
            Count++;
            if (_first.Count < ArchiveVerification.MaxFindings)
            {
                _first.Add(finding);
            }
        }
    }
}
