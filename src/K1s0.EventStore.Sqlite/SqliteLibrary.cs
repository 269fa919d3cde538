using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Finds the native library: the one that the application brings (a bundle, or a provider that it has set), otherwise
/// that of the operating system. Decided once a process, when the first store is opened.
/// </summary>
internal static class SqliteLibrary
{
    /// <summary>The oldest version with everything that the statements use: strict tables, 3.37.0.</summary>
    private const int LeastVersion = 3_037_000;

    private static readonly Lock Gate = new();
    private static bool _isReady;

    /// <exception cref="StoreOperationException">There is no library, or it is too old.</exception>
    public static void Require()
    {
        lock (Gate)
        {
            if (_isReady)
            {
                return;
            }

            try
            {
                Choose();
                CheckVersion(raw.sqlite3_libversion_number(), raw.sqlite3_libversion().utf8_to_string());
            }
            catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
            {
                throw new StoreOperationException(
                    "The native library of SQLite was not found: install it (libsqlite3-0 on Debian), or reference a "
                    + "package that brings it, for example SQLitePCLRaw.bundle_e_sqlite3.",
                    e);
            }

            _isReady = true;
        }
    }

    private static void CheckVersion(int number, string text)
    {
        if (number < LeastVersion)
        {
            throw new StoreOperationException(
                $"SQLite {text} is too old: 3.37.0 or later is needed. Update it, or reference a package that brings a "
                + "newer one, for example SQLitePCLRaw.bundle_e_sqlite3.",
                new NotSupportedException(text));
        }
    }

    private static void Choose()
    {
        // The driver's own initialiser runs here, and takes the bundle that the application references, if any.
        using (new SqliteConnection())
        {
            if (HasProvider())
            {
                return;
            }
        }

        try
        {
            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
        }
        catch (InvalidOperationException)
        {
            // The application has set a resolver for the provider: then it is the one that decides.
        }

        raw.SetProvider(new SQLite3Provider_e_sqlite3());
    }

    // The driver's layer has no other way to ask, and throws nothing more precise.
    private static bool HasProvider()
    {
        try
        {
            _ = raw.GetNativeLibraryName();
            return true;
        }
        catch (Exception e) when (e is not DllNotFoundException)
        {
            return false;
        }
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        foreach (var candidate in Candidates(name))
        {
            if (NativeLibrary.TryLoad(candidate, assembly, searchPath, out var handle))
            {
                return handle;
            }
        }

        return IntPtr.Zero;
    }

    private static string[] Candidates(string name) =>
        OperatingSystem.IsWindows() ? [name, "winsqlite3.dll", "sqlite3.dll"]
        : OperatingSystem.IsMacOS() ? [name, "libsqlite3.dylib", "/usr/lib/libsqlite3.dylib"]
        : [name, "libsqlite3.so.0", "libsqlite3.so"];
}
