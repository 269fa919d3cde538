using System.Net;
using System.Net.Sockets;

namespace K1s0.EventStore.TestServers;

/// <summary>A port of the loopback address for a server that is started in a moment.</summary>
/// <remarks>
/// Below the range that Linux gives to outgoing connections (from 32,768 on), of which tests open thousands: one of those
/// could take the port before the server does.
/// </remarks>
internal static class FreePort
{
    private const int First = 15_000;
    private const int End = 32_000;

    public static int Find()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, End);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Somebody else's: another one.
            }
        }
    }
}
