using System.Text.Json;
using System.Text.Json.Serialization;

namespace K1s0.EventStore.Archive;

/// <summary>
/// What a provider takes for storage, as data: the default one is a file of this package, and any other can be parsed
/// from JSON of the same form. Immutable.
/// </summary>
public sealed partial class PriceTable
{
    private static readonly Lazy<PriceTable> OfPackage = new(ReadOfPackage);

    private readonly Document _document;

    private PriceTable(Document document) => _document = document;

    /// <summary>List prices of Amazon S3 in one region; see <see cref="Date"/> and <see cref="Source"/>.</summary>
    public static PriceTable Default => OfPackage.Value;

    /// <summary>Whose prices these are.</summary>
    public string Name => _document.Name;

    /// <summary>In which currency, as ISO 4217 names it.</summary>
    public string Currency => _document.Currency;

    /// <summary>When they were collected.</summary>
    public DateOnly Date => _document.Date;

    /// <summary>Where from, in words.</summary>
    public string Source => _document.Source;

    /// <summary>The price of a class.</summary>
    /// <param name="storageClass">Which.</param>
    /// <exception cref="ArgumentException">The table has none for it.</exception>
    public ClassPrice this[StorageClass storageClass] => _document.Classes.TryGetValue(storageClass, out var price)
        ? price
        : throw new ArgumentException($"The price table '{Name}' has no {storageClass}.", nameof(storageClass));

    /// <summary>Reads a table.</summary>
    /// <param name="utf8">JSON of the same form as the default one, in UTF-8.</param>
    /// <exception cref="InvalidFormatException">It is no price table, or an amount is negative.</exception>
    public static PriceTable Parse(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var document = JsonSerializer.Deserialize(utf8, TableJson.Default.Document);
            return document is not null && document.Classes.ContainsKey(StorageClass.Standard)
                && document.Classes.Values.All(IsPossible)
                ? new PriceTable(document)
                : throw new InvalidFormatException(
                    "price table", "it lacks the standard class, or an amount is negative.");
        }
        catch (JsonException e)
        {
            throw new InvalidFormatException("price table", e.Message, e);
        }
    }

    private static bool IsPossible(ClassPrice? price) =>
        price is { MinimumDays: >= 0, MinimumObjectBytes: >= 0, OverheadBytes: >= 0, OverheadBytesInStandard: >= 0 }
        && new[] { price.StoragePerGbMonth, price.PutPer1000, price.GetPer1000, price.MoveHerePer1000 }
            .Concat(price.RetrievalPerGb.Values).Concat(price.RestorePer1000.Values).All(amount => amount >= 0);

    private static PriceTable ReadOfPackage()
    {
        using var stream = typeof(PriceTable).Assembly.GetManifestResourceStream("prices.json")!;
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return Parse(memory.ToArray());
    }

    internal sealed record Document
    {
        public required string Name { get; init; }

        public required string Currency { get; init; }

        public required DateOnly Date { get; init; }

        public required string Source { get; init; }

        public required IReadOnlyDictionary<StorageClass, ClassPrice> Classes { get; init; }
    }

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        UseStringEnumConverter = true)]
    [JsonSerializable(typeof(Document))]
    private sealed partial class TableJson : JsonSerializerContext;
}
