using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Postgres;

/// <summary>Checks <see cref="PostgresOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class PostgresOptionsValidator : IValidateOptions<PostgresOptions>;
