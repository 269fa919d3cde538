using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// SHA-256 (FIPS 180-4), with little cost for a call: most of what an event hashes is a few hundred bytes, for which
/// the base library spends more on finding the algorithm and making its state than on hashing. Thread-safe.
/// </summary>
/// <remarks>
/// On Linux the functions are those of the library that .NET itself hashes with there, OpenSSL's libcrypto. Where they
/// are missing, do not pass the test of the standard's example, or the system demands certified modules (FIPS mode),
/// the base library does it. Same digest either way.
/// </remarks>
internal static unsafe class ShortSha256
{
    // SHA256_CTX: 8 words of state, 2 of length, 16 of data, 2 of counts; room to spare.
    private const int StateWords = 32;

    // Longer ones go the long way: a garbage collection waits for a call that is made like this.
    private const int MaxShort = 1_024;

    private static readonly string[] Names = ["libcrypto.so.3", "libcrypto.so.1.1"];

    private static readonly Functions Native = Load();

    /// <summary>Whether short inputs take the short way here.</summary>
    public static bool IsNative => Native.Final != null;

    /// <summary>Hashes.</summary>
    /// <param name="data">The bytes to hash.</param>
    /// <param name="digest">At least 32 bytes.</param>
    public static void HashData(ReadOnlySpan<byte> data, Span<byte> digest)
    {
        if (Native.Final == null || data.Length > MaxShort)
        {
            SHA256.HashData(data, digest);
            return;
        }

        Hash(Native, data, digest[..Sha256Digest.Length]);
    }

    private static void Hash(Functions functions, ReadOnlySpan<byte> data, Span<byte> digest)
    {
        var state = stackalloc uint[StateWords];
        fixed (byte* bytes = data, result = digest)
        {
            if (functions.Init(state) != 1
                || functions.Update(state, bytes, (nuint)data.Length) != 1
                || functions.Final(result, state) != 1)
            {
                throw new CryptographicException("SHA-256 failed in libcrypto.");
            }
        }
    }

    private static Functions Load()
    {
        if (!OperatingSystem.IsLinux() || IsFipsMode()
            || !NativeLibraries.TryLoad(Names, "SHA256_Final", out var library)
            || IsFipsMode(library)
            || !NativeLibrary.TryGetExport(library, "SHA256_Init", out var init)
            || !NativeLibrary.TryGetExport(library, "SHA256_Update", out var update))
        {
            return default;
        }

        var functions = new Functions
        {
            Init = (delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, int>)init,
            Update = (delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, byte*, nuint, int>)update,
            Final = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, uint*, int>)
                NativeLibrary.GetExport(library, "SHA256_Final"),
        };
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        try
        {
            Hash(functions, "abc"u8, digest);
        }
        catch (CryptographicException)
        {
            return default;
        }

        return digest.SequenceEqual(SHA256.HashData("abc"u8)) ? functions : default;
    }

    // Of the library as a whole, by its configuration; the system's own setting is looked at besides.
    private static bool IsFipsMode(nint library) =>
        NativeLibrary.TryGetExport(library, "EVP_default_properties_is_fips_enabled", out var ask)
        && ((delegate* unmanaged[Cdecl]<nint, int>)ask)(0) != 0;

    private static bool IsFipsMode()
    {
        const string Setting = "/proc/sys/crypto/fips_enabled";
        try
        {
            return File.Exists(Setting)
                && !string.Equals(File.ReadAllText(Setting).Trim(), "0", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private struct Functions
    {
        public delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, int> Init;
        public delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, byte*, nuint, int> Update;
        public delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, uint*, int> Final;
    }
}
