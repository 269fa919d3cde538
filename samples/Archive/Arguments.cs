namespace K1s0.EventStore.Samples.Archive;

/// <summary>What the sample was called with.</summary>
/// <param name="Postgres">The connection string; null for a server that is started for the run.</param>
/// <param name="Endpoint">The S3 server; null for a folder.</param>
/// <param name="Bucket">Its bucket.</param>
internal sealed record Arguments(string? Postgres, Uri? Endpoint, string? Bucket)
{
    public const string Usage = "Archive [--postgres <connection string>] [--s3 <address> <bucket>]";

    /// <summary>Null when they are wrong.</summary>
    public static Arguments? TryParse(ReadOnlySpan<string> words)
    {
        var arguments = new Arguments(null, null, null);
        while (!words.IsEmpty)
        {
            switch (words)
            {
                case ["--postgres", var postgres, ..]:
                    arguments = arguments with { Postgres = postgres };
                    words = words[2..];
                    break;
                case ["--s3", var address, var bucket, ..] when Uri.TryCreate(address, UriKind.Absolute, out var uri):
                    arguments = arguments with { Endpoint = uri, Bucket = bucket };
                    words = words[3..];
                    break;
                default:
                    return null;
            }
        }

        return arguments;
    }
}
