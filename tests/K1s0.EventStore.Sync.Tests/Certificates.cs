using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Certificates that are made for a test.</summary>
internal static class Certificates
{
    public static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset To = new(2026, 12, 31, 0, 0, 0, TimeSpan.Zero);

    private static int _serial;

    public static X509Certificate2 SelfSigned(DateTimeOffset? to = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=replica", key, HashAlgorithmName.SHA256).CreateSelfSigned(From, to ?? To);
    }

    public static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(
                certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        return request.CreateSelfSigned(From, To);
    }

    /// <summary>A certificate of an authority, with these URIs among its names.</summary>
    public static X509Certificate2 Issue(X509Certificate2 authority, params string[] uris)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=replica", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("replica.example");
        foreach (var uri in uris)
        {
            names.AddUri(new Uri(uri));
        }

        request.CertificateExtensions.Add(names.Build());
        byte[] serial = [1, .. BitConverter.GetBytes(Interlocked.Increment(ref _serial))];
        using var issued = request.Create(authority, From, To, serial);
        return issued.CopyWithPrivateKey(key);
    }

    public static X509Certificate2 Issue(X509Certificate2 authority, ReplicaId replica) =>
        Issue(authority, PeerCertificates.ReplicaName + replica);
}
