using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>Checks <see cref="SubscriptionOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class SubscriptionOptionsValidator : IValidateOptions<SubscriptionOptions>;
