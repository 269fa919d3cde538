using K1s0.EventStore.Integrity;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore;

/// <summary>
/// Takes settled events into the Merkle log and signs its head. Any number of processes run one each; the one that
/// holds the lease works. Not thread-safe: one call at a time.
/// </summary>
/// <remarks>
/// <para>A batch (tiles, head, places of the leaves) commits as one, together with the check that the lease counts and
/// that the head is the one the batch continues: a sealer that was frozen in between can neither fork the log nor leave
/// half a batch. After any failure what is in memory is thrown away, and the log is read again before it grows.</para>
/// <para>A head is signed after its commit is confirmed as durable, and only when the stored tiles prove that it
/// continues the last one that was signed here, stored as signed, or published.</para>
/// </remarks>
public sealed class LogSealer
{
    private readonly ILedgerStore _ledger;
    private readonly ILeaseStore _leases;
    private readonly LedgerOptions _options;
    private readonly LogPublisher? _publisher;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    private Lease? _lease;
    private long _leasedAt;

    // What is stored under _lease; null when it has to be read again.
    private TileBuilder? _builder;
    private SealedHead _head = SealedHead.Empty;

    // The largest head that may be known outside. Outlives leases: a store that loses its tail under a running process
    // is noticed too.
    private TreeHead? _known;

    /// <summary>A sealer.</summary>
    /// <param name="ledger">The log.</param>
    /// <param name="leases">Where the leader is chosen; of the same store as the log.</param>
    /// <param name="options">Origin, signers, limits.</param>
    /// <param name="timeProvider">Measures when to renew the lease; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public LogSealer(
        ILedgerStore ledger,
        ILeaseStore leases,
        LedgerOptions options,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(leases);
        _options = LedgerOptionsRules.Checked(options);
        (_ledger, _leases) = (ledger, leases);
        _publisher = options.PublishTo is null ? null : new LogPublisher(ledger, options);
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<LogSealer>();
    }

    /// <summary>Takes one batch of settled events into the log, if this process holds the lease or gets it.</summary>
    /// <param name="cancellationToken">Gives up; nothing is half-written.</param>
    /// <exception cref="LogDivergedException">
    /// The store does not continue the log that was signed or published.
    /// </exception>
    /// <exception cref="StoreUnavailableException">The store cannot be reached; a later call goes on.</exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// The batch may be stored, or is not as durable as it should be; a later call finds out and goes on.
    /// </exception>
    public async Task<SealStep> SealAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            if (!await LeadAsync(cancellationToken).ConfigureAwait(false))
            {
                return default;
            }

            var builder = _builder ??= await LoadAsync(cancellationToken).ConfigureAwait(false);
            var leaves = await _ledger
                .ReadUnsealedAsync(_head.LastPosition, _options.MaxLeavesPerSeal, cancellationToken)
                .ConfigureAwait(false);
            if (leaves.Count > 0)
            {
                _head = await _ledger.SealAsync(_lease!, Grow(builder, leaves), cancellationToken)
                    .ConfigureAwait(false);
            }

            return new SealStep(IsLeader: true, leaves.Count, leaves.Count == _options.MaxLeavesPerSeal);
        }
        catch (LeaseLostException e)
        {
            // Another process has taken over, and has sealed or will seal what was tried here.
            _logger.SealerLost(_options.Origin, e.Epoch);
            (_lease, _builder) = (null, null);
            return default;
        }
        catch
        {
            _builder = null;
            throw;
        }
    }

    /// <summary>
    /// Signs the newest head and stores the signature, if this process leads and the head is not signed.
    /// </summary>
    /// <param name="cancellationToken">Gives up; a later call signs.</param>
    /// <returns>The newest head with its signature; null when this process does not lead or there is no leaf.</returns>
    /// <exception cref="LogDivergedException">
    /// The head does not continue what was signed or published before.
    /// </exception>
    /// <exception cref="SigningException">A signature does not fit its signer's own key.</exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// The signature may be stored, or it, or the batch, is not as durable as it should be; a later call signs again.
    /// </exception>
    public async Task<SealedHead?> SignAsync(CancellationToken cancellationToken = default)
    {
        if (_builder is null || _head.Size == 0)
        {
            return null;
        }

        if (_head.Note is not null)
        {
            return _head;
        }

        var head = _head.ToTreeHead(_options.Origin);
        if (_known is not null)
        {
            await LogContinuity.CheckAsync(_ledger, _known, _head, cancellationToken).ConfigureAwait(false);
        }

        var note = await head.SignAsync([.. _options.Signers], cancellationToken).ConfigureAwait(false);

        // From here on somebody may see it, whatever becomes of the answer.
        _known = head;
        if (!await _ledger.SaveNoteAsync(_head, note, cancellationToken).ConfigureAwait(false))
        {
            _builder = null;
            var stored = await _ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            throw new LogDivergedException(
                head, stored.Size, "The head that was to be signed is not stored any more: the database was rolled "
                + "back.");
        }

        _head = _head with { Note = note };
        return _head;
    }

    /// <summary>Lets another process take over at once instead of when the lease runs out.</summary>
    /// <param name="cancellationToken">Gives up; the lease then runs out by itself.</param>
    public async Task ReleaseAsync(CancellationToken cancellationToken = default)
    {
        if (_lease is { } lease)
        {
            (_lease, _builder) = (null, null);
            await _leases.ReleaseAsync(lease, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> LeadAsync(CancellationToken cancellationToken)
    {
        var now = _timeProvider.GetTimestamp();
        if (_lease is null)
        {
            _builder = null;
            _lease = await _leases
                .TryAcquireAsync(
                    ILedgerStore.LeaseName, _options.Owner, _options.LeaseDuration, cancellationToken)
                .ConfigureAwait(false);
            if (_lease is null)
            {
                return false;
            }

            _leasedAt = now;
            _logger.SealerLeads(_options.Origin, _lease.Epoch);
        }
        else if (_timeProvider.GetElapsedTime(_leasedAt, now) > _options.LeaseDuration / 3)
        {
            _lease = await _leases.RenewAsync(_lease, _options.LeaseDuration, cancellationToken)
                .ConfigureAwait(false);
            _leasedAt = now;
        }

        return true;
    }

    private async Task<TileBuilder> LoadAsync(CancellationToken cancellationToken)
    {
        var head = await _ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        if (head.Size > 0)
        {
            // It may have been read before a standby confirmed it, and a failover could still take it back. So no head
            // is ever signed that does not last, and whoever sees a signature can rely on its head.
            await _ledger.ConfirmAsync(_lease!, cancellationToken).ConfigureAwait(false);
        }

        var stored = head.ToTreeHead(_options.Origin);
        var builder = await LogContinuity
            .CoveredAsync(stored, head.Size, TileBuilder.LoadAsync(_ledger, head.Size, cancellationToken))
            .ConfigureAwait(false);
        if (builder.Root != head.Root)
        {
            throw new LogDivergedException(stored, head.Size, "The stored tiles do not give the stored root.");
        }

        var signed = await _ledger.GetSignedHeadAsync(cancellationToken).ConfigureAwait(false);
        List<TreeHead?> heads =
        [
            _known,
            OwnHead(signed?.Note),
            _publisher is null ? null : await _publisher.ReadHeadAsync(cancellationToken).ConfigureAwait(false),
        ];
        foreach (var known in heads.OfType<TreeHead>())
        {
            await LogContinuity.CheckAsync(_ledger, known, head, cancellationToken).ConfigureAwait(false);
        }

        _known = heads.OfType<TreeHead>().MaxBy(known => known.Size);
        _head = IsSignedAsAsked(head.Note) ? head : head with { Note = null };
        return builder;
    }

    // What was signed counts, not what stands beside it. Heads of an origin that was given up do not.
    private TreeHead? OwnHead(SignedNote? note) =>
        note is not null
        && TreeHead.TryParse(note.Text, out var head)
        && string.Equals(head.Origin, _options.Origin, StringComparison.Ordinal)
            ? head
            : null;

    // A new key signs the newest head again, so that who has only that key need not wait for the next event.
    private bool IsSignedAsAsked(SignedNote? note) =>
        OwnHead(note) is not null
        && _options.Signers.All(signer => note!.Signatures.Any(signer.Key.IsOf));

    private SealedBatch Grow(TileBuilder builder, IReadOnlyList<SettledLeaf> leaves)
    {
        var runs = new List<LeafRun>();
        var last = _head.LastPosition.Value;
        foreach (var leaf in leaves)
        {
            // The first leaf of a log begins a run even where its position is 1.
            if (leaf.Position.Value != last + 1 || builder.Size == 0)
            {
                runs.Add(new LeafRun(builder.Size, leaf.Position));
            }

            last = leaf.Position.Value;
            builder.Append(leaf.Record.LeafHash());
        }

        return new SealedBatch(_head, builder.Size, builder.Root, new Position(last), builder.TakeTiles(), runs);
    }
}
