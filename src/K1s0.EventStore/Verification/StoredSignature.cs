using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// What the newest stored signature is about. The root beside it does not count: who can write it can leave the
/// signature of another one there.
/// </summary>
internal static class StoredSignature
{
    private const int MaxQuestions = 50;

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The newest head that is signed. Where keys are trusted and there is none, it is waited for: a sealer signs its
    /// first head a moment after it stores it.
    /// </summary>
    /// <param name="ledger">The log.</param>
    /// <param name="keys">Who is trusted to sign it.</param>
    /// <param name="timeProvider">Measures the wait, of 5 seconds at most.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>
    /// The head, and whether it is missing: there is a log, and no signature that the keys could verify.
    /// </returns>
    public static async Task<(SealedHead? Signed, bool IsMissing)> AskAsync(
        ILedgerStore ledger,
        IReadOnlyCollection<VerifierKey> keys,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        for (var asked = 1; ; asked++)
        {
            var signed = await ledger.GetSignedHeadAsync(cancellationToken).ConfigureAwait(false);
            if (signed?.Note is not null || keys.Count == 0
                || (await ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false)).Size == 0)
            {
                return (signed, IsMissing: false);
            }

            if (asked == MaxQuestions)
            {
                return (signed, IsMissing: true);
            }

            await Task.Delay(AskEvery, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The head that was signed, to be proved to be the log's; null when there is nothing to prove.</summary>
    /// <param name="stored">The newest head that is signed, if there is one.</param>
    /// <param name="keys">Who is trusted to sign it; with none, no signature is looked at.</param>
    /// <param name="isTrusted">False when it is no signature of that head, or none that is trusted.</param>
    public static TreeHead? Open(SealedHead? stored, IReadOnlyCollection<VerifierKey> keys, out bool isTrusted)
    {
        isTrusted = true;
        if (keys.Count == 0 || stored?.Note is not { } note)
        {
            return null;
        }

        isTrusted = TreeHead.TryParse(note.Text, out var head) && head.Size == stored.Size && note.IsSignedBy(keys);
        return isTrusted ? head : null;
    }
}
