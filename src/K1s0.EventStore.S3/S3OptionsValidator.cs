using Microsoft.Extensions.Options;

namespace K1s0.EventStore.S3;

/// <summary>Checks <see cref="S3Options"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class S3OptionsValidator : IValidateOptions<S3Options>;
