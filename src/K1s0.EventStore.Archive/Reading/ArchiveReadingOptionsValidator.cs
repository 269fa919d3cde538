using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Archive;

/// <summary>Checks <see cref="ArchiveReadingOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class ArchiveReadingOptionsValidator : IValidateOptions<ArchiveReadingOptions>;
