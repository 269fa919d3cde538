using Microsoft.Extensions.Options;

namespace K1s0.EventStore;

/// <summary>The rules for <see cref="SubscriptionOptions"/> that are more than a range.</summary>
internal sealed class SubscriptionOptionsRules : IValidateOptions<SubscriptionOptions>
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromHours(1);

    /// <summary>The options, checked: for subscriptions that are made without a container.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static SubscriptionOptions Checked(SubscriptionOptions? options)
    {
        options ??= new SubscriptionOptions();
        ValidateOptionsResult[] results =
        [
            new SubscriptionOptionsValidator().Validate(null, options),
            new SubscriptionOptionsRules().Validate(null, options),
        ];
        var faults = results.SelectMany(result => result.Failures ?? []).ToArray();
        return faults.Length == 0 ? options : throw new ArgumentException(string.Join(' ', faults), nameof(options));
    }

    public ValidateOptionsResult Validate(string? name, SubscriptionOptions options)
    {
        List<string> faults = [];
        Check(nameof(options.CheckpointInterval), options.CheckpointInterval, Least, Most);
        Check(nameof(options.RetryDelay), options.RetryDelay, Least, Most);
        Check(nameof(options.MaxRetryDelay), options.MaxRetryDelay, Least, Most);
        Check(
            nameof(options.LeaseDuration), options.LeaseDuration, Lease.ShortestDuration, Lease.LongestDuration);
        if (options.OnFailure is { } action && !Enum.IsDefined(action))
        {
            faults.Add($"{nameof(options.OnFailure)}: {action} is no action.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(string option, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                faults.Add($"{option}: {value} is not between {least} and {most}.");
            }
        }
    }
}
