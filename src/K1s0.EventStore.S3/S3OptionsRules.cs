using K1s0.EventStore.Archive;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.S3;

/// <summary>Checks what the annotations of <see cref="S3Options"/> cannot say.</summary>
internal sealed class S3OptionsRules : IValidateOptions<S3Options>
{
    /// <exception cref="ArgumentException">An option cannot work; the message says which.</exception>
    public static void ThrowIfWrong(S3Options options)
    {
        IValidateOptions<S3Options>[] rules = [new S3OptionsValidator(), new S3OptionsRules()];
        if (rules.Select(rule => rule.Validate(null, options)).FirstOrDefault(result => result.Failed) is { } wrong)
        {
            throw new ArgumentException(wrong.FailureMessage, nameof(options));
        }
    }

    public ValidateOptionsResult Validate(string? name, S3Options options)
    {
        if (options.Prefix.Length > 0
            && (!options.Prefix.EndsWith('/') || !ObjectKey.TryParse(options.Prefix[..^1], out _)))
        {
            return ValidateOptionsResult.Fail(
                $"{nameof(S3Options.Prefix)} '{options.Prefix}' is neither empty nor a key that ends with a slash.");
        }

        if (options.Encryption is not S3Encryption.KeyService
            && (options.EncryptionKeyId is not null || options.EncryptionContext.Count > 0))
        {
            return ValidateOptionsResult.Fail(
                $"{nameof(S3Options.EncryptionKeyId)} and {nameof(S3Options.EncryptionContext)} are for "
                + $"{nameof(S3Encryption.KeyService)}; {nameof(S3Options.Encryption)} is {options.Encryption}.");
        }

        return ValidateOptionsResult.Success;
    }
}
