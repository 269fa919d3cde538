using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace K1s0.EventStore.TestServers;

/// <summary>Ports for servers that have to be told one before they start.</summary>
internal static class Ports
{
    private const string Ephemeral = "/proc/sys/net/ipv4/ip_local_port_range";
    private const int First = 10_000;
    private const int UsualFirstEphemeral = 32_768;

    /// <summary>
    /// A port of the loopback address that nobody listens on, and that the kernel gives to nobody by itself: whoever
    /// connects or asks for any port between this and the start of the server gets another one.
    /// </summary>
    public static int Free()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(First, FirstEphemeral());
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Somebody else's.
            }
        }
    }

    private static int FirstEphemeral()
    {
        var first = File.Exists(Ephemeral)
            ? int.Parse(File.ReadAllText(Ephemeral).Split()[0], CultureInfo.InvariantCulture)
            : UsualFirstEphemeral;
        return first > First + 1_000 ? first : UsualFirstEphemeral;
    }
}
