using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>What <c>--help</c> prints.</summary>
internal static class Usage
{
    public static string Text { get; } = $"""
        Measures the store against plain Npgsql doing the same work in the same run.

          compare [options]                             each scenario in an empty database
          growth [--events n] [--streams n] [options]   the same figures in an empty store and in one that holds much:
                                                        10,000,000 events in 1,000,000 streams by default
          archive-report [--events n] [--seed n]        compression, modelled cost, and an hour out of a year of an archive in
                                                        a folder: 200,000 events by default; no server, no other options

        Options:
          --only a,b       only these: {string.Join(", ", Catalogue.All().Select(item => item.Name))}
          --seconds n      how long each side works in each repetition; 2 by default, 0.05 to 600
          --repetitions n  how often each side works; 3 by default, 3 to 99
          --quick          0.3 seconds: shows that everything runs, the figures mean little
          --json file      where to write the results as JSON
          --postgres "..." the connection string of a running server, with the right to create databases; by default one
                           is started, with fsync and synchronous_commit on, and removed afterwards

        Run it in Release: dotnet run -c Release --project tests/K1s0.EventStore.Benchmarks -- compare
        """;
}
