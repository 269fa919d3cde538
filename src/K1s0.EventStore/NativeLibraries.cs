using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;

namespace K1s0.EventStore;

/// <summary>
/// The libraries of the system that this assembly calls when they are there. An assembly has one resolver only, so all
/// of them meet here.
/// </summary>
internal static class NativeLibraries
{
    private static readonly ConcurrentDictionary<string, nint> Handles = Listen();

    /// <summary>Lets every import of a name be found in a library that has been loaded.</summary>
    public static void Use(string name, nint handle) => Handles[name] = handle;

    /// <summary>Loads the first of the libraries that is there and has a function.</summary>
    public static bool TryLoad(IReadOnlyList<string> names, string function, out nint handle)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, out handle))
            {
                if (NativeLibrary.TryGetExport(handle, function, out _))
                {
                    return true;
                }

                NativeLibrary.Free(handle);
            }
        }

        handle = 0;
        return false;
    }

    private static ConcurrentDictionary<string, nint> Listen()
    {
        var handles = new ConcurrentDictionary<string, nint>(StringComparer.Ordinal);
        NativeLibrary.SetDllImportResolver(
            Assembly.GetExecutingAssembly(), (name, _, _) => handles.GetValueOrDefault(name));
        return handles;
    }
}
