using System.Buffers.Binary;
using System.Net.Http.Headers;

namespace K1s0.EventStore.Sync.AspNetCore.Tests;

/// <summary>Requests that are made by hand.</summary>
internal static class HttpRequests
{
    // A hello of version 1 with a key, as it has been since the first release of the protocol.
    public static byte[] Hello =>
        [1, .. "K1SY"u8, 1, 1, 1, .. Enumerable.Repeat((byte)7, 32), .. (byte[])[0x80, 0x80, 0x40]];

    public static byte[] Framed(byte[] frame)
    {
        var framed = new byte[4 + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, frame.Length);
        frame.CopyTo(framed, 4);
        return framed;
    }

    public static HttpContent Body(byte[] bytes, string type = HttpSyncProtocol.ContentType)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return content;
    }

    public static Task<HttpResponseMessage> OpenAsync(HttpClient http, Uri address) =>
        http.PostAsync(address, Body(Framed(Hello)));

    public static string SessionOf(HttpResponseMessage opened) =>
        opened.Headers.GetValues(HttpSyncProtocol.SessionHeader).Single();
}
