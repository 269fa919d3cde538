using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace K1s0.EventStore.TestServers.Tests;

/// <summary>
/// A client and a server of a few lines, which do what real ones do only at an unlucky moment: the server answers while
/// the client is still sending its request.
/// </summary>
public sealed class PostgresProxyEarlyAnswerTests
{
    [Fact]
    public async Task A_cut_among_early_answers_comes_only_after_the_rest_of_the_request_is_with_the_server()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var proxy = PostgresProxy.Start(
            $"Host=127.0.0.1;Port={((IPEndPoint)listener.LocalEndpoint).Port};Username=postgres");
        using var client = await ConnectAsync(proxy);
        using var server = await listener.AcceptSocketAsync(Cancellation);
        await StartAsync(client, server);
        proxy.Arm(new CutPlan(MessageDirection.Backend, 1, CutPoint.Before));

        await client.SendAsync(Message('P'), Cancellation);
        (await ReceiveAsync(server, 5)).Should().Equal(Message('P'));
        await server.SendAsync(Message('1'), Cancellation);
        await Traces.UntilAsync(() => proxy.HasCut);
        await client.SendAsync(Message('S'), Cancellation);

        (await ReceiveAsync(server, 5)).Should().Equal(Message('S'));
        (await ReceiveAsync(server, 1)).Should().BeEmpty("the connection ends after the request");
        await FluentActions.Awaiting(() => ReceiveAsync(client, 1)).Should().ThrowAsync<SocketException>("it is reset");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<Socket> ConnectAsync(PostgresProxy proxy)
    {
        var address = new Npgsql.NpgsqlConnectionStringBuilder(proxy.ConnectionString);
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(address.Host!, address.Port, Cancellation);
        return client;
    }

    /// <summary>Gets the start of the connection and one whole request out of the way.</summary>
    private static async Task StartAsync(Socket client, Socket server)
    {
        byte[] startup = [0, 0, 0, 8, 0, 3, 0, 0];
        await client.SendAsync(startup, Cancellation);
        await ReceiveAsync(server, startup.Length);
        await server.SendAsync(Message('Z'), Cancellation);
        (await ReceiveAsync(client, 5)).Should().Equal(Message('Z'));
        await client.SendAsync(Message('S'), Cancellation);
        (await ReceiveAsync(server, 5)).Should().Equal(Message('S'));
        await server.SendAsync(Message('Z'), Cancellation);
        (await ReceiveAsync(client, 5)).Should().Equal(Message('Z'));
    }

    private static byte[] Message(char type)
    {
        var message = new byte[5];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4);
        return message;
    }

    /// <summary>The next bytes; fewer when the connection ends before.</summary>
    private static async Task<byte[]> ReceiveAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        var received = 0;
        while (received < count)
        {
            var read = await socket.ReceiveAsync(bytes.AsMemory(received), Cancellation);
            if (read == 0)
            {
                break;
            }

            received += read;
        }

        return bytes[..received];
    }
}
