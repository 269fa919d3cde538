using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>Checks <see cref="ReplayOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class ReplayOptionsValidator : IValidateOptions<ReplayOptions>;
