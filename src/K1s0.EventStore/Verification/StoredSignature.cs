using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// What the newest stored signature is about. The root beside it does not count: who can write it can leave the
/// signature of another one there.
/// </summary>
internal static class StoredSignature
{
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
