using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>Checks <see cref="EventStoreOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class EventStoreOptionsValidator : IValidateOptions<EventStoreOptions>;
