using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace K1s0.EventStore.Compression;

/// <summary>
/// A dictionary in the forms that libzstd works with, one for each level and one for decompressing. Making one costs as
/// much as compressing some hundred small contents, so they are kept as long as the dictionary is.
/// </summary>
internal sealed class ZstdDictionary(byte[] content)
{
    private readonly ConcurrentDictionary<int, Lazy<ZstdLibrary.CompressingDictionary>> _compressing = [];
    private readonly Lazy<ZstdLibrary.DecompressingDictionary> _decompressing = new(
        () => Checked(ZstdLibrary.NewDecompressingDictionary(content, (nuint)content.Length)));

    /// <exception cref="InvalidFormatException">The dictionary is damaged.</exception>
    public ZstdLibrary.CompressingDictionary ForCompressing(int level) => _compressing.GetOrAdd(
        level,
        key => new Lazy<ZstdLibrary.CompressingDictionary>(
            () => Checked(ZstdLibrary.NewCompressingDictionary(content, (nuint)content.Length, key)))).Value;

    /// <exception cref="InvalidFormatException">The dictionary is damaged.</exception>
    public ZstdLibrary.DecompressingDictionary ForDecompressing() => _decompressing.Value;

    private static THandle Checked<THandle>(THandle handle)
        where THandle : SafeHandle =>
        handle.IsInvalid
            ? throw new InvalidFormatException("dictionary of Zstandard", "libzstd refuses it as damaged.")
            : handle;
}
