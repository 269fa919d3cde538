using System.Globalization;

namespace K1s0.EventStore.Samples.Projections;

/// <summary>What the command line asks for.</summary>
/// <param name="Postgres">How to connect; null for a throw-away server.</param>
/// <param name="Kills">How often the worker is killed.</param>
/// <param name="IsWorker">Whether this process is the worker.</param>
internal sealed record Arguments(string? Postgres, int Kills, bool IsWorker)
{
    public const string Usage = "Projections [--postgres <connection string>] [--kills <1 to 1000>]";
    public const string Worker = "worker";
    private const int DefaultKills = 5;
    private const int MaxKills = 1_000;

    /// <summary>Null when it cannot be understood.</summary>
    public static Arguments? Parse(IReadOnlyList<string> arguments)
    {
        if (arguments is [Worker, var connectionString])
        {
            return new Arguments(connectionString, 0, IsWorker: true);
        }

        var parsed = new Arguments(null, DefaultKills, IsWorker: false);
        for (var index = 0; index < arguments.Count; index += 2)
        {
            var value = index + 1 < arguments.Count ? arguments[index + 1] : null;
            switch (arguments[index])
            {
                case "--postgres" when value is not null:
                    parsed = parsed with { Postgres = value };
                    break;
                case "--kills" when int.TryParse(value, CultureInfo.InvariantCulture, out var kills)
                    && kills is >= 1 and <= MaxKills:
                    parsed = parsed with { Kills = kills };
                    break;
                default:
                    return null;
            }
        }

        return parsed;
    }
}
