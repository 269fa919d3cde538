namespace K1s0.EventStore.Integrity;

/// <summary>
/// Signs tree heads with one key: a key from a PEM file (<see cref="PemTreeHeadSigner"/>), or one that a key service
/// holds.
/// </summary>
public interface ITreeHeadSigner
{
    /// <summary>The public key that verifies what is signed here.</summary>
    VerifierKey Key { get; }

    /// <summary>Signs. Thread-safe; repeating a call gives a signature of the same worth.</summary>
    /// <param name="message">The bytes to sign, as they are: hashing belongs to the key's algorithm.</param>
    /// <param name="cancellationToken">Gives up; a key service may have signed all the same.</param>
    /// <returns>The signature in the form of the key's type, see <see cref="VerifierKey"/>.</returns>
    ValueTask<ReadOnlyMemory<byte>> SignAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);
}
