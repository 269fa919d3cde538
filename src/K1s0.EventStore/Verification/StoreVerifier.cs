using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Recomputes a store from its bytes: every digest, every link, every leaf of the log. No stored hash is trusted; what
/// is compared with is what the caller knows from outside. Stateless between calls, thread-safe.
/// </summary>
/// <remarks>
/// <para>The feed is read once, in the order of positions, and the events of each stream are followed side by side. The
/// memory is bounded, see <see cref="StoreVerifierOptions"/>. Appends may go on meanwhile: only what was settled at the
/// beginning is verified. Nothing is locked and nothing is written.</para>
/// <para>Who can write all tables can rewrite the history of a store together with all hashes in it. Only a head that
/// was kept elsewhere shows that: the published tree head, or a remembered head of the stream.</para>
/// </remarks>
public sealed class StoreVerifier
{
    // Each reads a whole stream; the findings beyond stay as they are.
    private const int MaxInquiries = 100;

    private readonly VerifiedRoles _roles;
    private readonly StoreVerifierOptions _options;
    private readonly TimeProvider _timeProvider;

    /// <summary>A verifier of a store.</summary>
    /// <param name="roles">The store.</param>
    /// <param name="options">What it may take of the machine; the defaults when null.</param>
    /// <param name="timeProvider">Measures how long it takes; the system's clock when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public StoreVerifier(VerifiedRoles roles, StoreVerifierOptions? options = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(roles);
        _roles = roles;
        _options = StoreVerifierOptionsValidator.Checked(options ?? new StoreVerifierOptions());
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    /// <summary>
    /// Verifies one stream as it is loaded, that the store's books fit it, and that the log, if there is one, holds it.
    /// </summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="rememberedHead">A head that it had at some time; null when none was kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The remembered head is that of another stream.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be reached.</exception>
    /// <exception cref="StoreSchemaException">The store has no tables, or those of another version.</exception>
    /// <exception cref="StoreOperationException">
    /// This process has no right to read them, see <see cref="StoreOperationException.IsAccessDenied"/>.
    /// </exception>
    public Task<StreamVerification> VerifyStreamAsync(
        StreamId streamId, StreamHead? rememberedHead = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return rememberedHead is not null && rememberedHead.StreamId != streamId
            ? throw new ArgumentException(
                $"The remembered head belongs to {rememberedHead.StreamId}.", nameof(rememberedHead))
            : VerifyStreamAsync(
                streamId,
                new VerificationScope { RememberedHeads = rememberedHead is null ? [] : [rememberedHead] },
                cancellationToken);
    }

    /// <summary>
    /// Verifies one stream against all that is known: the heads of it that were remembered, the store's own, and the
    /// log up to the known head.
    /// </summary>
    /// <remarks>
    /// Of the log, the leaf of the stream's newest sealed event is proved: its link covers all events before. Which one
    /// that is, the stored positions say, which no link covers: they must follow each other, and have been given out,
    /// but who can write all tables can move a changed end of the stream behind the log's newest head, where it looks
    /// as if it was not sealed yet. That, another time of recording of the events before, and events that were cut off
    /// together with the books, only <see cref="VerifyAsync"/> finds, or a remembered head.
    /// </remarks>
    /// <param name="streamId">The stream.</param>
    /// <param name="scope">What is known from outside; a range in it does not count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// What was found; nothing is thrown for a stream that was tampered with. Only the first bad version is reported:
    /// behind it the chain proves nothing.
    /// </returns>
    /// <exception cref="StoreUnavailableException">The store cannot be reached.</exception>
    /// <exception cref="StoreSchemaException">The store has no tables, or those of another version.</exception>
    /// <exception cref="StoreOperationException">
    /// This process has no right to read them, see <see cref="StoreOperationException.IsAccessDenied"/>.
    /// </exception>
    public async Task<StreamVerification> VerifyStreamAsync(
        StreamId streamId, VerificationScope scope, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentNullException.ThrowIfNull(scope);
        var log = _roles.Ledger is null
            ? null
            : await StreamLogInquiry.BeginAsync(_roles.Ledger, _roles.Catalog, scope, _timeProvider, cancellationToken)
                .ConfigureAwait(false);
        var (stored, fault) = await ReadHeadAsync(streamId, cancellationToken).ConfigureAwait(false);
        var remembered = scope.RememberedHeads.Where(head => head.StreamId == streamId);
        var stream = new ReadableStream(_roles.Streams.ReadStreamAsync(streamId, cancellationToken: cancellationToken));
        var events = stream.ReadAsync(cancellationToken);
        var verification = await StreamVerifier
            .VerifyAsync(
                streamId,
                log is null ? events : log.FollowAsync(events, cancellationToken),
                stored is null ? [.. remembered] : [.. remembered, stored],
                cancellationToken)
            .ConfigureAwait(false);
        if (stream.Fault is not null)
        {
            return Unreadable(verification, verification.VerifiedEvents + 1, "events from here on", stream.Fault);
        }

        if (fault is not null && verification.IsValid)
        {
            return Unreadable(verification, verification.VerifiedEvents, "the head of the stream", fault);
        }

        return log is null || !verification.IsValid
            ? verification
            : verification with { Finding = await log.FindAsync(cancellationToken).ConfigureAwait(false) };
    }

    /// <summary>Verifies the whole store, or a range of its feed.</summary>
    /// <remarks>
    /// In a range that does not begin at the start, the event before a stream's first one in it is taken as it is, and
    /// the store's books are not compared.
    /// </remarks>
    /// <param name="scope">What to verify, and what is known from outside; the whole store when null.</param>
    /// <param name="progress">Is told after each page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// All that was found; nothing is thrown for a store that was tampered with, or for an archive: what cannot be read
    /// of it is a finding that names the object. Where the events cannot be verified now, but the heads of the log are
    /// wrong, that is returned, with no event verified.
    /// </returns>
    /// <exception cref="StoreUnavailableException">
    /// The store cannot be reached, or cannot be verified now: for 30 seconds its settled bound stayed before what is
    /// sealed, as on a standby whose primary does not publish it.
    /// </exception>
    /// <exception cref="EventsArchivedException">
    /// Events are in the archive, and the store was not given one to read from.
    /// </exception>
    /// <exception cref="RestoreRequiredException">A batch of the archive has to be restored first.</exception>
    /// <exception cref="StoreSchemaException">The store has no tables, or those of another version.</exception>
    /// <exception cref="StoreOperationException">
    /// This process has no right to read them, see <see cref="StoreOperationException.IsAccessDenied"/>.
    /// </exception>
    public async Task<StoreVerification> VerifyAsync(
        VerificationScope? scope = null,
        IProgress<VerificationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        scope ??= new VerificationScope();
        var began = _timeProvider.GetTimestamp();
        var findings = new FindingList(_options.MaxFindings);

        // Apart: findings about a stream that a later pass begins anew with are forgotten, but the log is read once.
        var logFindings = new FindingList(_options.MaxFindings);
        var log = await BeginLogAsync(scope, logFindings, cancellationToken).ConfigureAwait(false);
        var sealedTo = log?.SealedTo ?? Position.Start;
        Position bound;
        try
        {
            bound = await new BoundInquiry(_roles, _timeProvider)
                .AskAsync(scope.UpTo < sealedTo ? scope.UpTo.Value : sealedTo, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (StoreUnavailableException) when (logFindings.Count > 0)
        {
            // What the heads alone show is not to wait for a feed that may never come.
            return OfHeads(logFindings, scope.After, _timeProvider.GetElapsedTime(began));
        }

        var end = scope.UpTo is { } upTo && upTo < bound ? upTo : bound;
        var run = new StoreWalk(_roles, _options, scope, end, findings, logFindings, progress);
        await run.RunAsync(log, cancellationToken).ConfigureAwait(false);
        await findings
            .RefineAsync(new LinkInquiry(_roles.Streams, cancellationToken).RefineAsync, MaxInquiries)
            .ConfigureAwait(false);
        return new StoreVerification
        {
            Findings = [.. findings.ToArray().Concat(logFindings.ToArray()).Take(_options.MaxFindings)],
            FindingCount = findings.Count + logFindings.Count,
            Events = run.Events,
            Streams = run.Streams,
            Bytes = run.Bytes,
            SealedLeaves = log?.Count ?? 0,
            VerifiedTo = end,
            Passes = run.Passes,
            Archive = run.Archive,
            Elapsed = _timeProvider.GetElapsedTime(began),
        };
    }

    private static StoreVerification OfHeads(FindingList findings, Position after, TimeSpan elapsed) => new()
    {
        Findings = findings.ToArray(),
        FindingCount = findings.Count,
        Events = 0,
        Streams = 0,
        Bytes = 0,
        SealedLeaves = 0,
        VerifiedTo = after,
        Passes = 0,
        Elapsed = elapsed,
    };

    private static StreamVerification Unreadable(
        StreamVerification verification, long version, string expected, string fault) => verification with
        {
            Finding = new StreamFinding(
                StreamFindingKind.Unreadable, new StreamVersion(version), expected, fault),
        };

    private async Task<(StreamHead? Head, string? Fault)> ReadHeadAsync(
        StreamId streamId, CancellationToken cancellationToken)
    {
        try
        {
            return (await _roles.Streams.GetHeadAsync(streamId, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            return (null, e.Message);
        }
    }

    private async Task<ILogWalk?> BeginLogAsync(
        VerificationScope scope, FindingList findings, CancellationToken cancellationToken) =>
        _roles.Ledger is not { } ledger
            ? null
            : scope.IsWholeStore
                ? await LogWalk.BeginAsync(ledger, scope, findings, _timeProvider, cancellationToken)
                    .ConfigureAwait(false)
                : await RangeLogWalk.BeginAsync(ledger, scope, findings, _timeProvider, cancellationToken)
                    .ConfigureAwait(false);
}
