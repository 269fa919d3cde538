using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>Checks <see cref="LiveFeedOptions"/> against its annotations, by generated code.</summary>
[OptionsValidator]
internal sealed partial class LiveFeedOptionsValidator : IValidateOptions<LiveFeedOptions>
{
    /// <summary>The options, checked.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static LiveFeedOptions Checked(LiveFeedOptions? options)
    {
        options ??= new LiveFeedOptions();
        var fault = FirstFault(nameof(options.PollInterval), options.PollInterval)
            ?? FirstFault(nameof(options.RestingPollInterval), options.RestingPollInterval)
            ?? new LiveFeedOptionsValidator().Validate(null, options).FailureMessage;
        return fault is null ? options : throw new ArgumentException(fault, nameof(options));
    }

    private static string? FirstFault(string option, TimeSpan value) =>
        value < TimeSpan.FromMilliseconds(1) || value > TimeSpan.FromHours(1)
            ? $"{option}: {value} is not between 1 ms and 1 h."
            : null;
}
