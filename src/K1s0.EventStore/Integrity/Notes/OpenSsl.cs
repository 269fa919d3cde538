using System.Runtime.InteropServices;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// The few functions of OpenSSL 3's libcrypto that Ed25519 needs, which the base library does not offer. .NET itself
/// needs that library on Linux. It is looked for when it is first needed, and only then.
/// </summary>
internal static partial class OpenSsl
{
    public const int Ed25519KeyType = 1087;

    private const string Library = "libcrypto";
    private const string FirstFunction = "EVP_PKEY_new_raw_private_key";

    private static readonly string[] LinuxNames = ["libcrypto.so.3", "libcrypto.so"];

    // Never libcrypto.dylib: macOS ends a process that loads its own one.
    private static readonly string[] MacNames =
    [
        "libcrypto.3.dylib",
        "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib",
        "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib",
    ];

    private static readonly string[] WindowsNames = ["libcrypto-3-x64.dll", "libcrypto-3-arm64.dll", "libcrypto-3.dll"];

    private static readonly Lazy<nint> Handle = new(LoadForThisProcess);

    /// <summary>To be called before any of the functions.</summary>
    /// <exception cref="CryptographyUnavailableException">The library is not there.</exception>
    public static void EnsureLoaded() => _ = Handle.Value;

    /// <summary>The first of the libraries that can be loaded and has what is needed.</summary>
    /// <exception cref="CryptographyUnavailableException">None can.</exception>
    public static nint Load(IReadOnlyList<string> names)
    {
        if (NativeLibraries.TryLoad(names, FirstFunction, out var handle))
        {
            return handle;
        }

        throw new CryptographyUnavailableException(
            "Ed25519",
            $"none of {string.Join(", ", names)} can be loaded with {FirstFunction} in it. Install OpenSSL 3 (Debian: "
            + "libssl3), or use ECDSA P-256 keys.");
    }

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    public static partial SafeKeyHandle NewPrivateKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    public static partial SafeKeyHandle NewPublicKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    public static partial int GetPublicKey(SafeKeyHandle key, Span<byte> publicKey, ref nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    public static partial SafeContextHandle NewContext();

    [LibraryImport(Library, EntryPoint = "EVP_DigestSignInit")]
    public static partial int SignInit(
        SafeContextHandle context, nint keyContext, nint digest, nint engine, SafeKeyHandle key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestSign")]
    public static partial int Sign(
        SafeContextHandle context, Span<byte> signature, ref nuint signatureLength, ReadOnlySpan<byte> message,
        nuint messageLength);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    public static partial int VerifyInit(
        SafeContextHandle context, nint keyContext, nint digest, nint engine, SafeKeyHandle key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerify")]
    public static partial int Verify(
        SafeContextHandle context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> message,
        nuint messageLength);

    /// <summary>Empties this thread's queue of errors, where the base library would find them otherwise.</summary>
    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    private static nint LoadForThisProcess()
    {
        var handle = Load(
            OperatingSystem.IsWindows() ? WindowsNames : OperatingSystem.IsMacOS() ? MacNames : LinuxNames);
        NativeLibraries.Use(Library, handle);
        return handle;
    }

    internal sealed class SafeKeyHandle() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    internal sealed class SafeContextHandle() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            FreeContext(handle);
            return true;
        }
    }
}
