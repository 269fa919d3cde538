using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>Checks <see cref="StoreVerifierOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class StoreVerifierOptionsValidator : IValidateOptions<StoreVerifierOptions>
{
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static StoreVerifierOptions Checked(StoreVerifierOptions options)
    {
        var result = new StoreVerifierOptionsValidator().Validate(null, options);
        return result.Failed ? throw new ArgumentException(result.FailureMessage, nameof(options)) : options;
    }
}
