using System.Text;

namespace K1s0.EventStore;

/// <summary>
/// Names a stream: the type of an aggregate and the id of one aggregate of that type. Immutable, compared by ordinal
/// value.
/// </summary>
/// <remarks>
/// Both parts are 1 to 255 and 1 to 500 bytes of UTF-8, without control characters and without lone surrogates; no
/// normalisation is applied, so two names are equal only when their characters are.
/// </remarks>
/// <param name="AggregateType">The type of the aggregate, for example <c>order</c>. At most 255 bytes of UTF-8.</param>
/// <param name="AggregateId">The id within the type. At most 500 bytes of UTF-8.</param>
/// <exception cref="ArgumentException">A part is empty, too long, or has a character that is refused.</exception>
public sealed record StreamId(string AggregateType, string AggregateId)
{
    /// <summary>The most bytes of UTF-8 that <see cref="AggregateType"/> may have: 255.</summary>
    public const int MaxAggregateTypeBytes = 255;

    /// <summary>The most bytes of UTF-8 that <see cref="AggregateId"/> may have: 500.</summary>
    public const int MaxAggregateIdBytes = 500;

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The type of the aggregate.</summary>
    public string AggregateType
    {
        get;
        init => field = Checked(value, MaxAggregateTypeBytes, nameof(AggregateType));
    }
    = Checked(AggregateType, MaxAggregateTypeBytes, nameof(AggregateType));

    /// <summary>The id of the aggregate within its type.</summary>
    public string AggregateId
    {
        get;
        init => field = Checked(value, MaxAggregateIdBytes, nameof(AggregateId));
    }
    = Checked(AggregateId, MaxAggregateIdBytes, nameof(AggregateId));

    /// <summary>The type and the id with a hyphen between them, for people; it is not parsed back.</summary>
    public override string ToString() => $"{AggregateType}-{AggregateId}";

    private static string Checked(string value, int maxBytes, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(value, name);
        foreach (var character in value)
        {
            if (char.IsControl(character))
            {
                throw new ArgumentException(
                    $"{name} must not contain control characters (U+{(int)character:X4}).", name);
            }
        }

        return ByteCount(value, name) <= maxBytes
            ? value
            : throw new ArgumentException($"{name} must be at most {maxBytes} bytes of UTF-8.", name);
    }

    private static int ByteCount(string value, string name)
    {
        try
        {
            return StrictUtf8.GetByteCount(value);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"{name} must not contain a lone surrogate.", name, e);
        }
    }
}
