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
        if (options.PollInterval < TimeSpan.FromMilliseconds(1) || options.PollInterval > TimeSpan.FromHours(1))
        {
            throw new ArgumentException(
                $"{nameof(options.PollInterval)}: {options.PollInterval} is not between 1 ms and 1 h.",
                nameof(options));
        }

        var result = new LiveFeedOptionsValidator().Validate(null, options);
        return result.Failed ? throw new ArgumentException(result.FailureMessage, nameof(options)) : options;
    }
}
