using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Tests.Compression;

/// <summary>Contents as events have them: alike, and each with something of its own.</summary>
internal static class Samples
{
    public static byte[] Event(Random random)
    {
        var id = new byte[16];
        random.NextBytes(id);
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"orderId":"{{{new Guid(id)}}}","customer":{"name":"customer {{{random.Next(5_000)}}}","country":"NO"},"lines":[{"sku":"A-{{{random.Next(900)}}}","quantity":{{{random.Next(1, 9)}}},"price":{{{random.Next(1, 99_999) / 100m}}}}],"state":"placed"}
            """));
    }

    public static byte[] Events(Random random, int atLeastBytes)
    {
        using var content = new MemoryStream();
        while (content.Length < atLeastBytes)
        {
            content.Write(Event(random));
            content.WriteByte((byte)'\n');
        }

        return content.ToArray();
    }
}
