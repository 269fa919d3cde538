namespace K1s0.EventStore;

/// <summary>A signer gave something that its own public key does not verify. Nothing was signed.</summary>
public sealed class SigningException : EventStoreException
{
    /// <summary>A signature that is none.</summary>
    /// <param name="keyName">The name of the key.</param>
    public SigningException(string keyName)
        : base(
            $"The signer of key {keyName} gave a signature that its own public key does not verify. "
            + "Does the signer hold the private key of that public key?",
            innerException: null) => KeyName = keyName;

    /// <summary>The name of the key.</summary>
    public string KeyName { get; }
}
