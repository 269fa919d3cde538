using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace K1s0.EventStore.Sync;

/// <summary>
/// TLS in which both sides show a certificate: who this replica is, and who may be on the other side. Safe to share
/// between threads; the certificate stays the caller's.
/// </summary>
public sealed class PeerTls
{
    private readonly X509Certificate2 _certificate;
    private readonly PeerCertificates _peers;
    private readonly SslStreamCertificateContext _context;

    /// <summary>TLS with certificates.</summary>
    /// <param name="certificate">This replica's certificate with its private key.</param>
    /// <param name="peers">Who may be on the other side.</param>
    /// <exception cref="ArgumentException">The certificate has no private key.</exception>
    public PeerTls(X509Certificate2 certificate, PeerCertificates peers)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(peers);
        if (!certificate.HasPrivateKey)
        {
            throw new ArgumentException("The certificate has no private key.", nameof(certificate));
        }

        (_certificate, _peers) = (certificate, peers);
        _context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    /// <summary>How long the two sides may take to agree, 1 s to 5 min.</summary>
    /// <value>10 seconds by default.</value>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = value >= TimeSpan.FromSeconds(1) && value <= TimeSpan.FromMinutes(5)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "It must be 1 s to 5 min.");
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What an <see cref="HttpClient"/> needs to call one replica over https: it shows the certificate, and lets no
    /// other server than that replica through.
    /// </summary>
    /// <param name="peer">The replica that is called.</param>
    public SocketsHttpHandler CreateHandler(ReplicaId peer) => new()
    {
        ConnectTimeout = HandshakeTimeout,
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = _context,
            LocalCertificateSelectionCallback = (_, _, _, _, _) => _certificate,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            // Throws why it refuses: the client passes that on.
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                _peers.Identify(shown as X509Certificate2, peer) == peer,
        },
    };

    /// <summary>Makes a stream secure, as the side that called.</summary>
    /// <param name="stream">The connection; disposed with the transport, and when this fails.</param>
    /// <param name="peer">The replica that is called; null for any that is known.</param>
    /// <param name="timeProvider">Where the time comes from.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal Task<StreamSyncTransport> CallAsync(
        Stream stream, ReplicaId? peer, TimeProvider timeProvider, CancellationToken cancellationToken) =>
        SecureAsync(stream, peer, timeProvider, (tls, validation, token) =>
            tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "replica",
                    ClientCertificateContext = _context,
                    LocalCertificateSelectionCallback = (_, _, _, _, _) => _certificate,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = validation,
                },
                token), cancellationToken);

    /// <summary>Makes a stream secure, as the side that was called.</summary>
    internal Task<StreamSyncTransport> AnswerAsync(
        Stream stream, TimeProvider timeProvider, CancellationToken cancellationToken) =>
        SecureAsync(stream, expected: null, timeProvider, (tls, validation, token) =>
            tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = _context,
                    ClientCertificateRequired = true,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = validation,
                },
                token), cancellationToken);

    private async Task<StreamSyncTransport> SecureAsync(
        Stream stream,
        ReplicaId? expected,
        TimeProvider timeProvider,
        Func<SslStream, RemoteCertificateValidationCallback, CancellationToken, Task> handshake,
        CancellationToken cancellationToken)
    {
        PeerRefusedException? refused = null;
        ReplicaId? peer = null;
        var tls = new SslStream(stream);
        using var patience = new CancellationTokenSource(HandshakeTimeout, timeProvider);
        using var agreeing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await handshake(tls, Validate, agreeing.Token).ConfigureAwait(false);
            return new StreamSyncTransport(tls, peer ?? _peers.Identify(certificate: null));
        }
        catch (Exception e)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (e is AuthenticationException or IOException or OperationCanceledException)
            {
                throw refused ?? new PeerRefusedException(
                    PeerRefusal.NoSecureConnection, "no secure connection came about.", e);
            }

            throw;
        }

        bool Validate(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
        {
            try
            {
                peer = _peers.Identify(shown as X509Certificate2, expected);
                return true;
            }
            catch (PeerRefusedException e)
            {
                refused = e;
                return false;
            }
        }
    }
}
