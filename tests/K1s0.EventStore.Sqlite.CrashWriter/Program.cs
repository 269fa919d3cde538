using System.Globalization;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sqlite.CrashWriter;

// <file> <durability> <seed> <appends a lane; 0: until killed> <acknowledgements before it kills itself; 0: it does not>
var options = new SqliteOptions
{
    FilePath = args[0],
    Durability = Enum.Parse<SqliteDurability>(args[1]),
    BusyTimeout = TimeSpan.FromSeconds(30),
};
var seed = int.Parse(args[2], CultureInfo.InvariantCulture);
var count = int.Parse(args[3], CultureInfo.InvariantCulture);
await using var file = new SqliteStoreFile(options);
var killAt = int.Parse(args[4], CultureInfo.InvariantCulture);
var lanes = new Lanes(new SqliteEventStore(file), Console.Out, count == 0 ? int.MaxValue : count, killAt);
lanes.Say("opening");
await file.OpenAsync();
await lanes.RunAsync(seed);
lanes.Say("done");
