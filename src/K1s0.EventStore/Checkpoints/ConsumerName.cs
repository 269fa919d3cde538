using System.Text;

namespace K1s0.EventStore;

/// <summary>The rule for the names of consumers and owners, which every checkpoint store applies.</summary>
public static class ConsumerName
{
    /// <summary>The most bytes of UTF-8: 255.</summary>
    public const int MaxBytes = 255;

    /// <summary>Refuses a name that is empty, too long, or has control characters.</summary>
    /// <param name="name">The name.</param>
    /// <param name="parameterName">The parameter to report.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static void Check(string name, string parameterName)
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameterName);
        if (name.Any(char.IsControl) || Encoding.UTF8.GetByteCount(name) > MaxBytes)
        {
            throw new ArgumentException(
                $"A name must be at most {MaxBytes} bytes of UTF-8, without control characters.", parameterName);
        }
    }
}
