using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Sqlite;

/// <summary>Checks <see cref="SqliteOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class SqliteOptionsValidator : IValidateOptions<SqliteOptions>;
