using System.Collections.Frozen;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Says which replica a certificate belongs to: certificates that are known one by one, or those of an authority, which
/// name their replica. Immutable, safe to share between threads.
/// </summary>
/// <remarks>
/// Host names, key usages and revocation lists are not looked at, and nothing is downloaded: a certificate is taken
/// back by removing its pin, or by an authority whose certificates live shortly.
/// </remarks>
public sealed class PeerCertificates
{
    /// <summary>
    /// What stands before the replica's 32 digits in a certificate of an authority: a URI among the subject's
    /// alternative names, <c>urn:k1s0:replica:{id}</c>.
    /// </summary>
    public const string ReplicaName = "urn:k1s0:replica:";

    private const string AlternativeNames = "2.5.29.17";
    private const int MaxNameBytes = 4096;

    private readonly FrozenDictionary<string, ReplicaId> _pinned;
    private readonly X509Certificate2Collection? _authorities;
    private readonly TimeProvider _time;

    private PeerCertificates(
        FrozenDictionary<string, ReplicaId> pinned, X509Certificate2Collection? authorities, TimeProvider? time) =>
        (_pinned, _authorities, _time) = (pinned, authorities, time ?? TimeProvider.System);

    /// <summary>Certificates that are known one by one; who issued them does not matter.</summary>
    /// <param name="certificates">Each certificate and its replica; a replica may have several.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">There is none, or one certificate is given to two replicas.</exception>
    public static PeerCertificates Pinned(
        IEnumerable<(ReplicaId Replica, X509Certificate2 Certificate)> certificates, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(certificates);
        var pinned = new Dictionary<string, ReplicaId>(StringComparer.Ordinal);
        foreach (var (replica, certificate) in certificates)
        {
            if (pinned.TryGetValue(Fingerprint(certificate), out var other) && other != replica)
            {
                throw new ArgumentException(
                    $"One certificate is that of {other} and of {replica}.", nameof(certificates));
            }

            pinned[Fingerprint(certificate)] = replica;
        }

        return pinned.Count > 0
            ? new PeerCertificates(pinned.ToFrozenDictionary(StringComparer.Ordinal), authorities: null, timeProvider)
            : throw new ArgumentException("There is no certificate.", nameof(certificates));
    }

    /// <summary>Certificates that an authority issued, each for the replica that it names.</summary>
    /// <param name="authorities">
    /// The authorities' own certificates, and those in between; not those of the system.
    /// </param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static PeerCertificates IssuedBy(
        X509Certificate2Collection authorities, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(authorities);
        return authorities.Count > 0
            ? new PeerCertificates(FrozenDictionary<string, ReplicaId>.Empty, [.. authorities], timeProvider)
            : throw new ArgumentException("There is no authority.", nameof(authorities));
    }

    /// <summary>
    /// The replica that a certificate belongs to. That the peer has its key, the transport has checked.
    /// </summary>
    /// <param name="certificate">What the peer showed; null when it showed none.</param>
    /// <param name="expected">The replica that was called; null when any of those that are known may come.</param>
    /// <exception cref="PeerRefusedException">It is refused.</exception>
    public ReplicaId Identify(X509Certificate2? certificate, ReplicaId? expected = null)
    {
        if (certificate is null)
        {
            throw Refused(PeerRefusal.NoCertificate, "it showed no certificate.");
        }

        var now = _time.GetUtcNow().UtcDateTime;
        if (now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime())
        {
            throw Refused(
                PeerRefusal.OutsideValidity,
                $"its certificate holds from {certificate.NotBefore.ToUniversalTime():u} to "
                + $"{certificate.NotAfter.ToUniversalTime():u}.");
        }

        var replica = _authorities is null ? OfPin(certificate) : OfAuthority(certificate, _authorities, now);
        return expected is null || expected == replica
            ? replica
            : throw Refused(PeerRefusal.WrongReplica, $"{expected} was called and {replica} answers.");
    }

    private ReplicaId OfPin(X509Certificate2 certificate) =>
        _pinned.TryGetValue(Fingerprint(certificate), out var replica)
            ? replica
            : throw Refused(PeerRefusal.UnknownCertificate, "its certificate is not known.");

    private static ReplicaId OfAuthority(
        X509Certificate2 certificate, X509Certificate2Collection authorities, DateTime now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now;
        var isTrusted = chain.Build(certificate);
        foreach (var element in chain.ChainElements)
        {
            element.Certificate.Dispose();
        }

        return isTrusted
            ? NamedReplica(certificate)
            : throw Refused(PeerRefusal.WrongAuthority, "no authority that is trusted issued its certificate.");
    }

    private static ReplicaId NamedReplica(X509Certificate2 certificate)
    {
        var named = new HashSet<ReplicaId>();
        foreach (var extension in certificate.Extensions)
        {
            if (string.Equals(extension.Oid?.Value, AlternativeNames, StringComparison.Ordinal))
            {
                named.UnionWith(NamedReplicas(extension.RawData));
            }
        }

        return named.Count == 1
            ? named.First()
            : throw Refused(PeerRefusal.NamesNoReplica, $"its certificate names {named.Count} replicas.");
    }

    private static List<ReplicaId> NamedReplicas(byte[] extension)
    {
        try
        {
            var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
            var replicas = new List<ReplicaId>();
            var uri = new Asn1Tag(TagClass.ContextSpecific, 6);
            while (names.HasData && extension.Length <= MaxNameBytes)
            {
                if (!names.PeekTag().HasSameClassAndValue(uri))
                {
                    names.ReadEncodedValue();
                    continue;
                }

                var name = names.ReadCharacterString(UniversalTagNumber.IA5String, uri);
                if (name.StartsWith(ReplicaName, StringComparison.Ordinal))
                {
                    replicas.Add(ReplicaId.Parse(name[ReplicaName.Length..]));
                }
            }

            return replicas;
        }
        catch (Exception e) when (e is AsnContentException or FormatException)
        {
            throw new PeerRefusedException(
                PeerRefusal.NamesNoReplica, "the names in its certificate cannot be read.", e);
        }
    }

    private static string Fingerprint(X509Certificate2 certificate) =>
        certificate.GetCertHashString(HashAlgorithmName.SHA256);

    private static PeerRefusedException Refused(PeerRefusal reason, string detail) => new(reason, detail);
}
