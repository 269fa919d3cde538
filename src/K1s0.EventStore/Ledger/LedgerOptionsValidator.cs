using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>Checks <see cref="LedgerOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class LedgerOptionsValidator : IValidateOptions<LedgerOptions>;
