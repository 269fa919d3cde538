using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>The rules for <see cref="StoreVerificationOptions"/>.</summary>
internal sealed class StoreVerificationOptionsRules : IValidateOptions<StoreVerificationOptions>
{
    public ValidateOptionsResult Validate(string? name, StoreVerificationOptions options)
    {
        List<string> faults =
            [.. new StoreVerifierOptionsValidator().Validate(name, options.Verifier).Failures ?? []];
        CheckTime(nameof(options.FirstAfter), options.FirstAfter, TimeSpan.Zero, TimeSpan.FromDays(1));
        CheckTime(nameof(options.Every), options.Every, TimeSpan.FromSeconds(1), TimeSpan.FromDays(90));
        CheckTime(
            nameof(options.RetryDelay), options.RetryDelay, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void CheckTime(string option, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{option}: {value} is not between {least} and {most}.");
            }
        }
    }
}
