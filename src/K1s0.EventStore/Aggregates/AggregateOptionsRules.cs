using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>Checks options when the application starts.</summary>
internal sealed class AggregateOptionsRules<TState> : IValidateOptions<AggregateOptions<TState>>
{
    public ValidateOptionsResult Validate(string? name, AggregateOptions<TState> options) =>
        options.Faults() is { Count: > 0 } faults
            ? ValidateOptionsResult.Fail(faults)
            : ValidateOptionsResult.Success;
}
