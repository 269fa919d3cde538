using System.Runtime.InteropServices;

namespace K1s0.EventStore.Compression;

/// <summary>
/// The few functions of libzstd 1.4 and newer that are needed, all of its stable interface. The library is looked for
/// when it is first needed, and only then.
/// </summary>
internal static partial class ZstdLibrary
{
    /// <summary>Names a library, by its path or a name that the system finds, in place of the usual ones.</summary>
    public const string PathVariable = "K1S0_LIBZSTD";

    public const int LevelParameter = 100;
    public const int ChecksumParameter = 201;
    public const int ResetAll = 3;

    public const int DictionaryWrong = 32;
    public const int DestinationTooSmall = 70;
    public const int OutOfMemory = 64;

    public const ulong UnknownContentSize = ulong.MaxValue;
    public const ulong InvalidContentSize = ulong.MaxValue - 1;

    private const string Library = "k1s0-libzstd";
    private const string VersionFunction = "ZSTD_versionNumber";
    private const uint LeastVersion = 10400;

    private static readonly string[] LinuxNames = ["libzstd.so.1", "libzstd.so"];

    private static readonly string[] MacNames =
    [
        "libzstd.1.dylib",
        "libzstd.dylib",
        "/opt/homebrew/opt/zstd/lib/libzstd.1.dylib",
        "/usr/local/opt/zstd/lib/libzstd.1.dylib",
    ];

    private static readonly string[] WindowsNames = ["libzstd.dll", "zstd.dll"];

    private static readonly Lazy<CompressionUnavailableException?> Loading = new(LoadForThisProcess);

    /// <summary>Whether the functions can be called.</summary>
    public static bool IsAvailable => Loading.Value is null;

    /// <summary>To be called before any of the functions.</summary>
    /// <exception cref="CompressionUnavailableException">The library is not there.</exception>
    public static void EnsureLoaded()
    {
        if (Loading.Value is { } missing)
        {
            throw new CompressionUnavailableException(CompressionFormat.Zstd, missing.Detail, missing);
        }
    }

    /// <summary>The first of the libraries that can be loaded and is new enough.</summary>
    /// <exception cref="CompressionUnavailableException">None is.</exception>
    public static unsafe nint Load(IReadOnlyList<string> names)
    {
        if (!NativeLibraries.TryLoad(names, VersionFunction, out var handle))
        {
            throw new CompressionUnavailableException(
                CompressionFormat.Zstd,
                $"none of {string.Join(", ", names)} can be loaded. Install Zstandard (Debian: libzstd1), name the "
                + $"library in the environment variable {PathVariable}, or bring a codec of your own.");
        }

        var version = ((delegate* unmanaged<uint>)NativeLibrary.GetExport(handle, VersionFunction))();
        return version >= LeastVersion
            ? handle
            : throw new CompressionUnavailableException(
                CompressionFormat.Zstd, $"the library is of version {version}, and {LeastVersion} is needed.");
    }

    /// <summary>The names to look for, in order: what the environment names, and then nothing else.</summary>
    public static IReadOnlyList<string> Names(string? named) =>
        named is { Length: > 0 } ? [named]
        : OperatingSystem.IsWindows() ? WindowsNames
        : OperatingSystem.IsMacOS() ? MacNames
        : LinuxNames;

    /// <summary>The number of the error that a function returned. The interface fixes the numbers.</summary>
    public static int ErrorCode(nuint result) => (int)(0 - result);

    public static string ErrorText(nuint result) => Marshal.PtrToStringUTF8(ErrorName(result)) ?? "unknown error";

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressBound")]
    public static partial nuint CompressBound(nuint length);

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    public static partial CompressionContext NewCompressionContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_reset")]
    public static partial nuint Reset(CompressionContext context, int what);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    public static partial nuint Set(CompressionContext context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_refCDict")]
    public static partial nuint UseDictionary(CompressionContext context, CompressingDictionary dictionary);

    [LibraryImport(Library, EntryPoint = "ZSTD_compress2")]
    public static partial nuint Compress(
        CompressionContext context, Span<byte> destination, nuint destinationLength, ReadOnlySpan<byte> content,
        nuint contentLength);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    public static partial DecompressionContext NewDecompressionContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_findFrameCompressedSize")]
    public static partial nuint FindFrameLength(ReadOnlySpan<byte> compressed, nuint compressedLength);

    [LibraryImport(Library, EntryPoint = "ZSTD_getFrameContentSize")]
    public static partial ulong ContentSize(ReadOnlySpan<byte> compressed, nuint compressedLength);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressDCtx")]
    public static partial nuint Decompress(
        DecompressionContext context, Span<byte> destination, nuint destinationLength, ReadOnlySpan<byte> compressed,
        nuint compressedLength);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompress_usingDDict")]
    public static partial nuint Decompress(
        DecompressionContext context, Span<byte> destination, nuint destinationLength, ReadOnlySpan<byte> compressed,
        nuint compressedLength, DecompressingDictionary dictionary);

    [LibraryImport(Library, EntryPoint = "ZSTD_createCDict")]
    public static partial CompressingDictionary NewCompressingDictionary(
        ReadOnlySpan<byte> dictionary, nuint length, int level);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDDict")]
    public static partial DecompressingDictionary NewDecompressingDictionary(
        ReadOnlySpan<byte> dictionary, nuint length);

    [LibraryImport(Library, EntryPoint = "ZDICT_trainFromBuffer")]
    public static partial nuint Train(
        Span<byte> dictionary, nuint dictionaryLength, ReadOnlySpan<byte> samples, ReadOnlySpan<nuint> lengths,
        uint count);

    [LibraryImport(Library, EntryPoint = "ZDICT_isError")]
    public static partial uint IsTrainingError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint ErrorName(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    private static partial nuint FreeCompressionContext(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    private static partial nuint FreeDecompressionContext(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCDict")]
    private static partial nuint FreeCompressingDictionary(nint dictionary);

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDDict")]
    private static partial nuint FreeDecompressingDictionary(nint dictionary);

    private static CompressionUnavailableException? LoadForThisProcess()
    {
        try
        {
            NativeLibraries.Use(Library, Load(Names(Environment.GetEnvironmentVariable(PathVariable))));
            return null;
        }
        catch (CompressionUnavailableException e)
        {
            return e;
        }
    }

    internal sealed class CompressionContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => FreeCompressionContext(handle) == 0;
    }

    internal sealed class DecompressionContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => FreeDecompressionContext(handle) == 0;
    }

    internal sealed class CompressingDictionary() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => FreeCompressingDictionary(handle) == 0;
    }

    internal sealed class DecompressingDictionary() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle() => FreeDecompressingDictionary(handle) == 0;
    }
}
