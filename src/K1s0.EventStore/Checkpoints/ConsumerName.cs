using System.Text;

namespace K1s0.EventStore;

/// <summary>The rule for the names of consumers and owners, which every checkpoint store applies.</summary>
public static class ConsumerName
{
    /// <summary>The most bytes of UTF-8: 255.</summary>
    public const int MaxBytes = 255;

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses a name that is empty, too long, or has control characters or a lone surrogate.</summary>
    /// <param name="name">The name.</param>
    /// <param name="parameterName">The parameter to report.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static void Check(string name, string parameterName)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameterName);
        if (name.Any(char.IsControl) || !Fits(name))
        {
            throw new ArgumentException(
                $"A name must be at most {MaxBytes} bytes of UTF-8, without control characters and lone surrogates.",
                parameterName);
        }
    }

    private static bool Fits(string name)
    {
        try
        {
            return StrictUtf8.GetByteCount(name) <= MaxBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
